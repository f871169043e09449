/** Draws charts as SVG text, for the page, which needs no script, and for the documentation. */
import type { Point, Unit } from '../scenario.ts';
import { HUES } from './figure-style.ts';
import { createScale, type Scale } from './scale.ts';
import { format } from './units.ts';

export interface Line {
  /** The color and marker, by the index of the variant. */
  readonly hue: number;
  readonly points: readonly Point[];
  /** Draws a thin dotted line for secondary data. */
  readonly faint?: boolean;
}

export interface Panel {
  readonly label: string;
  readonly unit: Unit;
  readonly logarithmic?: boolean;
  readonly lines: readonly Line[];
}

export interface Figure {
  /** The text alternative. */
  readonly title: string;
  readonly x: { readonly label: string; readonly unit: Unit | 'seconds' };
  /** From top to bottom, over a shared x axis. */
  readonly panels: readonly Panel[];
  /** The names of the hues. */
  readonly legend: readonly string[];
  /** Named sections of a time axis. */
  readonly phases?: readonly { readonly from: number; readonly to: number; readonly name: string }[];
  /** Moments to mark with a dashed line. */
  readonly marks?: readonly Point[];
  /** Draws a marker at every point, for curves with few points. */
  readonly dots?: boolean;
  /** A line is interrupted if its points are further apart than this. */
  readonly gap?: number;
}

interface Size {
  readonly width: number;
  /** The height of each panel. */
  readonly height: number;
}

const LEFT = 62;
const RIGHT = 16;
const CHARACTER_WIDTH = 6.7;
const LEGEND_LINE = 20;
const PANEL_GAP = 34;
const AXIS = 40;

/** @returns an `svg` element, whose colors come from `figure-style.ts` */
export function drawFigure(figure: Figure, { width, height }: Size): string {
  const { panels, x, title } = figure;
  const legend = drawLegend(figure, width);
  const right = width - RIGHT;
  const values = panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map((point) => point.x)));
  const room = Math.max(3, Math.floor((right - LEFT) / (x.unit === 'seconds' ? 60 : 75)));
  const xScale = createScale({ values, from: LEFT, to: right, unit: x.unit, room, tight: true });
  const tops = panels.map((_, index) => legend.height + 26 + index * (height + PANEL_GAP));
  const bottom = (tops.at(-1) ?? 0) + height;
  const drawn = panels.map((panel, index) =>
    drawPanel(panel, { ...figure, named: index === 0 }, xScale, tops[index] ?? 0, { width, height }),
  );
  const ticks = xScale.ticks.map(
    ({ at, text }) =>
      `<text class="tick" x="${n(at)}" y="${bottom + 16}" text-anchor="middle">${text}</text>`,
  );
  const label = `<text class="label" x="${right}" y="${bottom + 33}" text-anchor="end">${escape(x.label)}</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + AXIS}" role="img" aria-label="${escape(title)}">` +
    `${legend.svg}${drawn.join('')}${ticks.join('')}${label}</svg>`
  );
}

/** @param figure `named`: shows the names of the phases, not only their edges */
function drawPanel(
  panel: Panel,
  figure: Figure & { readonly named: boolean },
  xScale: Scale,
  top: number,
  size: Size,
): string {
  const { label, unit, lines, logarithmic = false } = panel;
  const bottom = top + size.height;
  const values = lines.flatMap(({ points }) => points.map(({ y }) => y));
  const room = Math.max(3, Math.floor(size.height / 28));
  const yScale = createScale({ values, from: bottom, to: top, unit, room, logarithmic });
  const right = size.width - RIGHT;
  const grid = yScale.ticks.map(
    ({ at, text }) =>
      `<path class="grid" d="M${LEFT} ${n(at)}H${right}"/><text class="tick" x="${LEFT - 7}" y="${n(at + 4)}" text-anchor="end">${text}</text>`,
  );
  const phases = (figure.phases ?? []).map(({ from, to, name }, index) => {
    const begin = xScale.at(from);
    const fits = figure.named && name.length * CHARACTER_WIDTH + 8 < xScale.at(to) - begin;
    const edge = index === 0 ? '' : `<path class="edge" d="M${n(begin)} ${top}V${bottom}"/>`;
    const text = `<text class="phase" x="${n(begin + 5)}" y="${top + 12}">${escape(name)}</text>`;
    return { edge, text: fits ? text : '' };
  });
  const marks = (figure.marks ?? []).map(
    ({ x }) => `<path class="mark" d="M${n(xScale.at(x))} ${top}V${bottom}"/>`,
  );
  return [
    `<text class="label" x="4" y="${top - 10}">${escape(logarithmic ? `${label}, logarithmic` : label)}</text>`,
    ...grid,
    ...phases.map(({ edge }) => edge),
    ...marks,
    ...lines.map((line) => drawLine(line, figure, xScale, yScale, unit)),
    ...phases.map(({ text }) => text),
  ].join('');
}

function drawLine(
  { hue, points, faint = false }: Line,
  { dots = false, gap = Infinity, x: axis }: Figure,
  xScale: Scale,
  yScale: Scale,
  unit: Unit,
): string {
  const steps = points.map(({ x, y }, index) => {
    const before = points[index - 1];
    const command = before === undefined || x - before.x > gap ? 'M' : 'L';
    return `${command}${n(xScale.at(x))} ${n(yScale.at(y))}`;
  });
  const line = `<path class="line h${hue % HUES}${faint ? ' faint' : ''}" d="${steps.join('')}"/>`;
  if (!dots || faint) return line;
  const markers = points.map(({ x, y }) => {
    const position = axis.unit === 'seconds' ? `${n(x)} s` : format(x, axis.unit);
    return `<g class="dot h${hue % HUES}"><title>${position}: ${format(y, unit)}</title>${marker(hue, xScale.at(x), yScale.at(y))}</g>`;
  });
  return line + markers.join('');
}

/** Variants also differ by shape, for readers who cannot tell the colors apart. */
function marker(hue: number, x: number, y: number): string {
  const [cx, cy] = [n(x), n(y)];
  switch (hue % HUES) {
    case 0:
      return `<circle cx="${cx}" cy="${cy}" r="4"/>`;
    case 1:
      return `<path d="M${n(x - 4)} ${n(y - 4)}h8v8h-8z"/>`;
    case 2:
      return `<path d="M${cx} ${n(y - 5)}l5 9h-10z"/>`;
    default:
      return `<path d="M${cx} ${n(y - 6)}l5 6l-5 6l-5 -6z"/>`;
  }
}

function drawLegend({ legend: names, dots }: Figure, width: number): { svg: string; height: number } {
  if (names.length < 2) return { svg: '', height: 4 };
  let x = 4;
  let y = 14;
  const entries = names.map((name, hue) => {
    const room = 34 + name.length * CHARACTER_WIDTH + 14;
    if (x > 4 && x + room > width) {
      x = 4;
      y += LEGEND_LINE;
    }
    const entry =
      `<path class="line h${hue % HUES}" d="M${x} ${y - 4}h24"/>` +
      (dots === true ? `<g class="dot h${hue % HUES}">${marker(hue, x + 12, y - 4)}</g>` : '') +
      `<text class="legend" x="${x + 31}" y="${y}">${escape(name)}</text>`;
    x += room;
    return entry;
  });
  return { svg: entries.join(''), height: y + 8 };
}

/** A coordinate in tenths of a pixel. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
