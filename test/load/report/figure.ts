/** Charts as SVG, in text: the same for the page, which needs no script for them, and for the documentation. */
import type { Point, Unit } from '../scenario.ts';
import { createScale, type Scale } from './scale.ts';
import { format } from './units.ts';

export interface Line {
  /** Which colour and mark: that of its variant. */
  readonly hue: number;
  readonly points: readonly Point[];
  /** Of lesser weight: drawn thin and dotted. */
  readonly faint?: boolean;
}

export interface Panel {
  readonly label: string;
  readonly unit: Unit;
  readonly logarithmic?: boolean;
  readonly lines: readonly Line[];
}

export interface Figure {
  /** What is shown, for who cannot see it. */
  readonly title: string;
  readonly x: { readonly label: string; readonly unit: Unit | 'seconds' };
  /** Above each other, over one axis. */
  readonly panels: readonly Panel[];
  /** Names of the hues. */
  readonly legend: readonly string[];
  /** Stretches of the axis, by where they begin. */
  readonly stretches?: readonly { readonly from: number; readonly to: number; readonly name: string }[];
  /** Moments at which something was done. */
  readonly marks?: readonly Point[];
  /** Whether measured points are shown, as where there are few. */
  readonly dots?: boolean;
  /** Where a line is broken: it says nothing over a wider gap. */
  readonly gap?: number;
}

interface Size {
  readonly width: number;
  /** Of each panel. */
  readonly height: number;
}

const LEFT = 62;
const RIGHT = 16;
const CHARACTER = 6.7;
const LEGEND_LINE = 20;
const BETWEEN = 34;
const AXIS = 40;
export const HUES = 4;

/** @returns an `svg` element; its colours come from {@link figureStyle} */
export function drawFigure(figure: Figure, { width, height }: Size): string {
  const { panels, x, title } = figure;
  const legend = drawLegend(figure, width);
  const right = width - RIGHT;
  const values = panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map((point) => point.x)));
  const room = Math.max(3, Math.floor((right - LEFT) / (x.unit === 'seconds' ? 60 : 75)));
  const across = createScale({ values, from: LEFT, to: right, unit: x.unit, room, tight: true });
  const tops = panels.map((_, index) => legend.height + 26 + index * (height + BETWEEN));
  const bottom = (tops.at(-1) ?? 0) + height;
  const drawn = panels.map((panel, index) =>
    drawPanel(panel, { ...figure, named: index === 0 }, across, tops[index] ?? 0, { width, height }),
  );
  const ticks = across.ticks.map(
    ({ at, text }) =>
      `<text class="tick" x="${n(at)}" y="${bottom + 16}" text-anchor="middle">${text}</text>`,
  );
  const label = `<text class="label" x="${right}" y="${bottom + 33}" text-anchor="end">${escape(x.label)}</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + AXIS}" role="img" aria-label="${escape(title)}">` +
    `${legend.svg}${drawn.join('')}${ticks.join('')}${label}</svg>`
  );
}

/** @param figure with whether its stretches are named here, and not only parted */
function drawPanel(
  panel: Panel,
  figure: Figure & { readonly named: boolean },
  across: Scale,
  top: number,
  size: Size,
): string {
  const { label, unit, lines } = panel;
  const bottom = top + size.height;
  const values = lines.flatMap(({ points }) => points.map(({ y }) => y));
  const room = Math.max(3, Math.floor(size.height / 28));
  const up = createScale({
    values,
    from: bottom,
    to: top,
    unit,
    room,
    logarithmic: panel.logarithmic ?? false,
  });
  const right = size.width - RIGHT;
  const grid = up.ticks.map(
    ({ at, text }) =>
      `<path class="grid" d="M${LEFT} ${n(at)}H${right}"/><text class="tick" x="${LEFT - 7}" y="${n(at + 4)}" text-anchor="end">${text}</text>`,
  );
  const stretches = (figure.stretches ?? []).map(({ from, to, name }, index) => {
    const begin = across.at(from);
    const fits = figure.named && name.length * CHARACTER + 8 < across.at(to) - begin;
    const edge = index === 0 ? '' : `<path class="edge" d="M${n(begin)} ${top}V${bottom}"/>`;
    const text = `<text class="stretch" x="${n(begin + 5)}" y="${top + 12}">${escape(name)}</text>`;
    return { edge, text: fits ? text : '' };
  });
  const marks = (figure.marks ?? []).map(
    ({ x }) => `<path class="mark" d="M${n(across.at(x))} ${top}V${bottom}"/>`,
  );
  const scaled = panel.logarithmic === true ? `${label}, logarithmic` : label;
  return (
    `<text class="label" x="4" y="${top - 10}">${escape(scaled)}</text>${grid.join('')}${stretches.map(({ edge }) => edge).join('')}${marks.join('')}` +
    lines.map((line) => drawLine(line, figure, across, up, unit)).join('') +
    stretches.map(({ text }) => text).join('')
  );
}

function drawLine(
  { hue, points, faint = false }: Line,
  { dots = false, gap = Infinity, x: axis }: Figure,
  across: Scale,
  up: Scale,
  unit: Unit,
): string {
  const steps = points.map(({ x, y }, index) => {
    const before = points[index - 1];
    const command = before === undefined || x - before.x > gap ? 'M' : 'L';
    return `${command}${n(across.at(x))} ${n(up.at(y))}`;
  });
  const line = `<path class="line h${hue % HUES}${faint ? ' faint' : ''}" d="${steps.join('')}"/>`;
  if (!dots || faint) return line;
  const shapes = points.map(({ x, y }) => {
    const where = axis.unit === 'seconds' ? `${n(x)} s` : format(x, axis.unit);
    return `<g class="dot h${hue % HUES}"><title>${where}: ${format(y, unit)}</title>${shape(hue, across.at(x), up.at(y))}</g>`;
  });
  return line + shapes.join('');
}

/** Variants differ by shape as well, for who does not see the colours. */
function shape(hue: number, x: number, y: number): string {
  const [at, to] = [n(x), n(y)];
  switch (hue % HUES) {
    case 0:
      return `<circle cx="${at}" cy="${to}" r="4"/>`;
    case 1:
      return `<path d="M${n(x - 4)} ${n(y - 4)}h8v8h-8z"/>`;
    case 2:
      return `<path d="M${at} ${n(y - 5)}l5 9h-10z"/>`;
    default:
      return `<path d="M${at} ${n(y - 6)}l5 6l-5 6l-5 -6z"/>`;
  }
}

function drawLegend({ legend: names, dots }: Figure, width: number): { svg: string; height: number } {
  if (names.length < 2) return { svg: '', height: 4 };
  let x = 4;
  let y = 14;
  const entries = names.map((name, hue) => {
    const room = 34 + name.length * CHARACTER + 14;
    if (x > 4 && x + room > width) {
      x = 4;
      y += LEGEND_LINE;
    }
    const entry =
      `<path class="line h${hue % HUES}" d="M${x} ${y - 4}h24"/>` +
      (dots === true ? `<g class="dot h${hue % HUES}">${shape(hue, x + 12, y - 4)}</g>` : '') +
      `<text class="legend" x="${x + 31}" y="${y}">${escape(name)}</text>`;
    x += room;
    return entry;
  });
  return { svg: entries.join(''), height: y + 8 };
}

/** A line of figures is read off in whole tenths of a pixel. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const light = {
  paper: '#ffffff',
  ink: '#1c2024',
  soft: '#5c6570',
  rule: '#e1e5ea',
  hues: ['#0063c6', '#cf4500', '#0b7d57', '#7f45b8'],
};
const dark = {
  paper: '#14181c',
  ink: '#e9ecef',
  soft: '#a3adb8',
  rule: '#333a42',
  hues: ['#63b0ff', '#ff9457', '#49cf9c', '#c497ff'],
};

/** The style of figures, in the colours that the reader prefers. */
export const figureStyle = [
  rules(light),
  `@media (prefers-color-scheme: dark) { ${rules(dark)} }`,
  'svg text { font: 12px system-ui, sans-serif; }',
  'svg .label, svg .legend { font-weight: 600; }',
  // A halo, so that lines may run behind a name.
  'svg .stretch { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; }',
  'svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }',
  'svg .line.faint { stroke-width: 1.5; stroke-dasharray: 2 3; }',
  'svg .edge { stroke-dasharray: 1 3; fill: none; }',
  'svg .mark { stroke-dasharray: 5 4; fill: none; opacity: 0.6; }',
].join('\n');

function rules({ paper, ink, soft, rule, hues }: typeof light): string {
  return [
    `svg .label, svg .legend { fill: ${ink}; }`,
    `svg .tick, svg .stretch { fill: ${soft}; }`,
    `svg .stretch { stroke: ${paper}; }`,
    `svg .grid { stroke: ${rule}; fill: none; }`,
    `svg .edge, svg .mark { stroke: ${soft}; }`,
    ...hues.map(
      (hue, index) => `svg .line.h${index} { stroke: ${hue}; } svg .dot.h${index} { fill: ${hue}; }`,
    ),
  ].join(' ');
}

/** A figure as a file of its own. */
export function toFile(svg: string): string {
  const own = `<style>${figureStyle} @media (prefers-color-scheme: dark) { svg { background: ${dark.paper}; } }</style>`;
  return `${svg.replace('>', `>${own}`)}\n`;
}
