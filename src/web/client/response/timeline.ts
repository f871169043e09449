import { h, svg } from '../dom/elements.ts';
import { digits, ms, toText } from '../dom/format.ts';
import type { Span } from './evidence.ts';

const ROW = 22;
const BAR = 17;
const LANE_GAP = 10;
const AXIS = 24;
const COLORS = 6;
const CHARACTER_WIDTH = 6.3;
/** On a narrower drawing the names of the lanes are above them. */
const MIN_WIDTH_FOR_LEFT_NAMES = 520;

interface Placed extends Span {
  readonly row: number;
  /** Whether it is the only span of its lane, so that its name may be next to it. */
  readonly alone: boolean;
}

/**
 * Draws spans in lanes, again whenever the width changes.
 *
 * @param all the spans of all timelines that share the time axis
 */
export function createTimeline(spans: readonly Span[], all = spans): HTMLElement {
  const zeroMs = Math.min(...all.map(({ startMs }) => startMs));
  return draw(since(zeroMs, spans), since(zeroMs, all));
}

/** Spans with times since the first of them began: what comes before it is not what they show. */
function since(zeroMs: number, spans: readonly Span[]): Span[] {
  return spans.map((span) => ({ ...span, startMs: span.startMs - zeroMs, endMs: span.endMs - zeroMs }));
}

function draw(spans: readonly Span[], all: readonly Span[]): HTMLElement {
  const figure = document.createElement('figure');
  figure.className = 'timeline';
  const drawing = h('div.timeline-drawing');
  figure.append(drawing, createSpanTable(spans));
  let width = 0;
  new ResizeObserver(([entry]) => {
    const newWidth = Math.floor(entry?.contentRect.width ?? 0);
    if (newWidth === width || newWidth === 0) return;
    width = newWidth;
    drawing.replaceChildren(drawTimeline(spans, createScale(all, width), colorsOf(all)));
  }).observe(drawing);
  return figure;
}

/** The same as a table, for those who cannot point at a span. It is filled when it is expanded. */
function createSpanTable(spans: readonly Span[]): HTMLElement {
  const table = h(
    'table',
    h(
      'thead',
      h('tr', ...['lane', 'span', 'from', 'to', 'took'].map((name) => h('th', { scope: 'col' }, name))),
    ),
  );
  const details = h(
    'details.collapsed',
    h('summary', 'Spans as a table'),
    h('div.scroll', { tabindex: 0, role: 'group', 'aria-label': 'Spans' }, table),
  );
  const fill = () => {
    const rows = spans.map(({ lane, label, startMs, endMs }) =>
      h(
        'tr',
        h('td', lane),
        h('td', label),
        ...[startMs, endMs, endMs - startMs].map((at) => h('td.number', toText(ms(at)))),
      ),
    );
    table.append(h('tbody', ...rows));
  };
  details.addEventListener('toggle', fill, { once: true });
  return details;
}

/** The horizontal scale of a drawing. */
interface Scale {
  readonly width: number;
  /** Where the bars begin. The names of the lanes are to the left of it; if it is 0, above the lanes. */
  readonly left: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly x: (atMs: number) => number;
}

/** A label has the same color in all timelines that are compared. */
function colorsOf(spans: readonly Span[]): ReadonlyMap<string, number> {
  return new Map([...new Set(spans.map(({ label }) => label))].map((label, i) => [label, i % COLORS]));
}

function drawTimeline(
  spans: readonly Span[],
  scale: Scale,
  colors: ReadonlyMap<string, number>,
): SVGSVGElement {
  const { width, startMs, endMs } = scale;
  const lanes = [...Map.groupBy(spans, ({ lane }) => lane)].map(([name, own]) => ({ name, ...pack(own) }));
  const parts: SVGElement[] = [];
  let y = 2;
  for (const { name, rows, placed } of lanes) {
    if (scale.left === 0) {
      parts.push(svg('text.lane', { x: 0, y: y + 11 }, name));
      y += 17;
    } else parts.push(svg('text.lane', { x: 0, y: y + 12.5 }, shorten(name, scale.left / 6.4)));
    parts.push(
      ...placed.map((span) => drawSpan(span, scale, y + span.row * ROW, colors.get(span.label) ?? 0)),
    );
    y += rows * ROW + LANE_GAP;
    parts.push(svg('path.rule', { d: `M0 ${y - LANE_GAP / 2 - 1.5}H${width}` }));
  }
  const height = y + AXIS - 8;
  const description = `Timeline: ${spans.length} spans in ${lanes.length} lanes over ${toText(ms(endMs - startMs))}`;
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': description },
    ...drawAxis(scale, height),
    ...parts,
  );
}

function createScale(spans: readonly Span[], width: number): Scale {
  const startMs = Math.min(0, ...spans.map((span) => span.startMs));
  const endMs = Math.max(0.001, ...spans.map((span) => span.endMs));
  const longest = Math.max(...spans.map(({ lane }) => lane.length)) * 6.6 + 18;
  const left = width < MIN_WIDTH_FOR_LEFT_NAMES || longest > width * 0.3 ? 0 : longest;
  const lengthMs = Math.max(endMs - startMs, 0.001);
  const x = (atMs: number) => left + ((atMs - startMs) / lengthMs) * (width - left - 2);
  return { width, left, startMs, endMs, x };
}

function drawAxis({ width, left, startMs, endMs, x }: Scale, height: number): SVGElement[] {
  // One unit for the whole axis.
  const format = endMs >= 10_000 ? (at: number) => `${digits(at / 1000)} s` : (at: number) => toText(ms(at));
  const ticks = roundTicks(startMs, endMs, Math.max(2, Math.floor((width - left) / 90)));
  return ticks.flatMap((at) => {
    const anchor = x(at) > width - 30 ? 'end' : x(at) < left + 8 ? 'start' : 'middle';
    const label = { class: 'scale', x: x(at).toFixed(1), y: height - 3, 'text-anchor': anchor };
    return [
      svg('path.tick', { d: `M${x(at).toFixed(1)} 0V${height - AXIS + 4}` }),
      svg('text', label, format(at)),
    ];
  });
}

function drawSpan(span: Placed, { x, width }: Scale, y: number, color: number): SVGGElement {
  const from = x(span.startMs);
  const length = Math.max(2, x(span.endMs) - from);
  const took = toText(ms(span.endMs - span.startMs));
  const title = `${span.label}: ${took}, from ${toText(ms(span.startMs))} to ${toText(ms(span.endMs))}`;
  const room = Math.floor((length - 10) / CHARACTER_WIDTH);
  const full = `${span.label} ${took}`;
  const text = full.length <= room ? full : span.label.length <= room ? span.label : '';
  const isOutside =
    text === '' && span.row === 0 && width - from - length > full.length * CHARACTER_WIDTH + 8 && span.alone;
  return svg(
    'g',
    { class: `span color-${color}` },
    svg('title', title),
    svg('rect', {
      x: from.toFixed(1),
      y,
      width: length.toFixed(1),
      height: BAR,
      rx: Math.min(4, length / 2),
    }),
    text !== '' || isOutside
      ? svg(
          'text',
          { x: (isOutside ? from + length + 6 : from + 6).toFixed(1), y: y + 12.5 },
          isOutside ? full : text,
        )
      : undefined,
  );
}

/** Assigns rows: overlapping spans of a lane are below each other. */
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

/** Round numbers along the axis. */
function roundTicks(from: number, to: number, max: number): number[] {
  const roughStep = (to - from) / max;
  const power = 10 ** Math.floor(Math.log10(Math.max(roughStep, 1e-6)));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= roughStep) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to + step * 0.001; at += step)
    ticks.push(Number(at.toPrecision(10)));
  return ticks;
}
