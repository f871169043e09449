import { svg } from './dom.ts';
import { ms, plain } from './format.ts';
import type { Span } from './shapes.ts';

const ROW = 22;
const BAR = 17;
const LANE_GAP = 10;
const AXIS = 24;
const COLOURS = 6;
const CHARACTER = 6.3;
/** Below this the names of the lanes stand above them. */
const NARROW = 520;

interface Placed extends Span {
  readonly row: number;
  /** Whether it has its lane for itself, so that its name may stand beside it. */
  readonly alone: boolean;
}

/**
 * A timeline as lanes. It draws itself anew when its width changes.
 *
 * @param all the spans of every timeline that is on the same scale: the same moment is at the same place in each
 */
export function createTimeline(spans: readonly Span[], all = spans): HTMLElement {
  const holder = document.createElement('figure');
  holder.className = 'timeline';
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry?.contentRect.width ?? 0);
    if (now === width || now === 0) return;
    width = now;
    holder.replaceChildren(drawTimeline(spans, createScale(all, width)));
  }).observe(holder);
  return holder;
}

/** Where things are on a drawing of a certain width. */
interface Scale {
  readonly width: number;
  /** Where the bars begin; the names of the lanes are left of it, or above the lanes where this is 0. */
  readonly left: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly x: (atMs: number) => number;
}

function drawTimeline(spans: readonly Span[], scale: Scale): SVGSVGElement {
  const { width, startMs, endMs } = scale;
  const lanes = [...Map.groupBy(spans, ({ lane }) => lane)].map(([name, own]) => ({ name, ...pack(own) }));
  const colours = new Map(
    [...new Set(spans.map(({ label }) => label))].map((label, i) => [label, i % COLOURS]),
  );
  const parts: SVGElement[] = [];
  let y = 2;
  for (const { name, rows, placed } of lanes) {
    if (scale.left === 0) {
      parts.push(svg('text', { class: 'lane', x: 0, y: y + 11 }, name));
      y += 17;
    } else parts.push(svg('text', { class: 'lane', x: 0, y: y + 12.5 }, shorten(name, scale.left / 6.4)));
    parts.push(
      ...placed.map((span) => drawSpan(span, scale, y + span.row * ROW, colours.get(span.label) ?? 0)),
    );
    y += rows * ROW + LANE_GAP;
    parts.push(svg('path', { class: 'rule', d: `M0 ${y - LANE_GAP / 2 - 1.5}H${width}` }));
  }
  const height = y + AXIS - 8;
  const what = `Timeline: ${spans.length} spans in ${lanes.length} lanes over ${plain(ms(endMs - startMs))}`;
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': what },
    ...drawAxis(scale, height),
    ...parts,
  );
}

function createScale(spans: readonly Span[], width: number): Scale {
  const startMs = Math.min(0, ...spans.map((span) => span.startMs));
  const endMs = Math.max(0.001, ...spans.map((span) => span.endMs));
  const longest = Math.max(...spans.map(({ lane }) => lane.length)) * 6.6 + 18;
  const left = width < NARROW || longest > width * 0.3 ? 0 : longest;
  const lengthMs = Math.max(endMs - startMs, 0.001);
  const x = (atMs: number) => left + ((atMs - startMs) / lengthMs) * (width - left - 2);
  return { width, left, startMs, endMs, x };
}

function drawAxis({ width, left, startMs, endMs, x }: Scale, height: number): SVGElement[] {
  const ticks = niceTicks(startMs, endMs, Math.max(2, Math.floor((width - left) / 90)));
  return ticks.flatMap((at) => {
    const anchor = x(at) > width - 30 ? 'end' : x(at) < left + 8 ? 'start' : 'middle';
    const label = { class: 'scale', x: x(at).toFixed(1), y: height - 3, 'text-anchor': anchor };
    return [
      svg('path', { class: 'tick', d: `M${x(at).toFixed(1)} 0V${height - AXIS + 4}` }),
      svg('text', label, plain(ms(at))),
    ];
  });
}

function drawSpan(span: Placed, { x, width }: Scale, y: number, colour: number): SVGGElement {
  const from = x(span.startMs);
  const length = Math.max(2, x(span.endMs) - from);
  const took = plain(ms(span.endMs - span.startMs));
  const title = `${span.label}: ${took}, from ${plain(ms(span.startMs))} to ${plain(ms(span.endMs))}`;
  const room = Math.floor((length - 10) / CHARACTER);
  const full = `${span.label} ${took}`;
  const text = full.length <= room ? full : span.label.length <= room ? span.label : '';
  const beside =
    text === '' && span.row === 0 && width - from - length > full.length * CHARACTER + 8 && span.alone;
  return svg(
    'g',
    { class: `span c${colour}` },
    svg('title', {}, title),
    svg('rect', {
      x: from.toFixed(1),
      y,
      width: length.toFixed(1),
      height: BAR,
      rx: Math.min(4, length / 2),
    }),
    text !== '' || beside
      ? svg(
          'text',
          { x: (beside ? from + length + 6 : from + 6).toFixed(1), y: y + 12.5 },
          beside ? full : text,
        )
      : undefined,
  );
}

/** Spans of one lane that overlap lie one below the other. */
function pack(spans: readonly Span[]): { rows: number; placed: Placed[] } {
  const ends: number[] = [];
  const placed = [...spans]
    .sort((one, other) => one.startMs - other.startMs)
    .map((span) => {
      let row = ends.findIndex((end) => end <= span.startMs + 0.001);
      if (row < 0) row = ends.length;
      ends[row] = span.endMs;
      return { ...span, row, alone: spans.length === 1 };
    });
  return { rows: Math.max(1, ends.length), placed };
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(1, Math.floor(length) - 1))}…`;
}

/** Round figures along the axis. */
function niceTicks(from: number, to: number, most: number): number[] {
  const rough = (to - from) / most;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-6)));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to + step * 0.001; at += step)
    ticks.push(Number(at.toPrecision(10)));
  return ticks;
}
