/**
 * An answer for reading in a terminal: figures aligned, spans as bars. No line is over `WIDTH` columns but those that are
 * there to be pasted.
 */
import type { Answer } from './answer.ts';
import { bytes, ms, percent } from './words.ts';
import type { Span } from './timeline.ts';

const WIDTH = 80;
const MAX_ROWS = 40;
/** A longer name has its value below it, so that there is room for both. */
const MAX_NAME = 28;
/** What lies deeper is indented no further. */
const MAX_INDENT = 32;
/** A label of the timeline takes no more, so that there is room for its bar. */
const MAX_LABEL = 36;

export function renderText(given: Answer, host: string): string {
  const answer = showControls(given);
  const origin = showControls(host);
  const { ranOn, cost } = answer;
  const where = `worker ${ranOn.worker}, pid ${ranOn.pid}, Node.js ${ranOn.node}`;
  const blocks = [
    `${answer.demo}${where.padStart(Math.max(2 + where.length, WIDTH - answer.demo.length))}`,
    section('RESULT', renderValue(answer.result, '  ')),
    answer.timeline === undefined
      ? ''
      : section('TIMELINE', renderTimeline(answer.timeline, answer.moreSpans)),
    section('COST', [
      `  ${ms(cost.elapsedMs)} elapsed, ${describeCpu(cost)}; memory ${cost.rssDeltaBytes < 0 ? '' : '+'}${bytes(cost.rssDeltaBytes)}`,
      `  event loop ${percent(cost.eventLoop.utilization)} busy, at most ${ms(cost.eventLoop.maxDelayMs)} late`,
    ]),
    section('LESSON', wrap(answer.lesson, '  ')),
    answer.compareWith.length === 0
      ? ''
      : section(
          'COMPARE WITH',
          answer.compareWith.map(
            (path) => `  curl -s '${origin}${path}${path.includes('?') ? '&' : '?'}as=text'`,
          ),
        ),
  ];
  return blocks
    .filter(Boolean)
    .join('\n\n')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .concat('\n');
}

function describeCpu({ cpuMs, childrenCpuMs = 0 }: Answer['cost']): string {
  return `${ms(cpuMs)} CPU${childrenCpuMs > 0 ? ` and ${ms(childrenCpuMs)} in children` : ''}`;
}

/** The same with control characters to be seen, in names and values alike: a terminal would do what they say. */
function showControls<T>(value: T): T;
function showControls(value: unknown): unknown {
  if (typeof value === 'string') {
    return value
      .replaceAll('\n', '⏎')
      .replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }
  if (Array.isArray(value)) return value.map((item: unknown) => showControls(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [showControls(name), showControls<unknown>(inner)]),
  );
}

function section(title: string, lines: readonly string[]): string {
  return `${title}\n${lines.join('\n')}`;
}

/** Objects as aligned pairs, lists of objects as tables, all else as it is. */
function renderValue(value: unknown, indent: string): string[] {
  if (Array.isArray(value)) return renderList(value, indent);
  if (typeof value !== 'object' || value === null) return wrap(scalar(value), indent);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const isBeside = (name: string, inner: unknown) => isInline(inner) && name.length <= MAX_NAME;
  const beside = entries.filter(([name, inner]) => isBeside(name, inner));
  const width = Math.max(0, ...beside.map(([name]) => name.length));
  const deeper = indent.length < MAX_INDENT ? `${indent}  ` : indent;
  return entries.flatMap(([name, inner]) => {
    if (!isBeside(name, inner)) {
      const below = isInline(inner) ? wrap(scalar(inner, name), deeper) : renderValue(inner, deeper);
      return [...wrap(name, indent), ...below];
    }
    const [first = '', ...rest] = wrap(scalar(inner, name), ' '.repeat(indent.length + width + 2));
    return [`${indent}${name.padEnd(width + 2)}${first.trimStart()}`, ...rest];
  });
}

function renderList(list: readonly unknown[], indent: string): string[] {
  const shown = list.slice(0, MAX_ROWS);
  const more = list.length > shown.length ? [`${indent}… and ${list.length - shown.length} more`] : [];
  if (shown.every(isFlatObject)) return [...renderTable(shown, indent), ...more];
  return [...shown.flatMap((item) => renderValue(item, indent)), ...more];
}

interface Column {
  readonly isNumeric: boolean;
  /** Its head and its cells, each as the pieces between which it may be broken. */
  readonly texts: readonly (readonly string[])[];
}

function renderTable(rows: readonly Readonly<Record<string, unknown>>[], indent: string): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map((name): Column => {
    const values = rows.map((row) => row[name]);
    return {
      isNumeric: values.every((value) => value === undefined || typeof value === 'number'),
      texts: [name.split(/(?=[A-Z])/), ...values.map((value) => toPieces(value, name))],
    };
  });
  const widths = fitColumns(columns, WIDTH - indent.length);
  // A table that does not fit is easier to read as one block a row.
  if (widths === undefined)
    return rows.flatMap((row) => [...renderValue({ ...row }, indent), '']).slice(0, -1);
  return [...Array(rows.length + 1).keys()].flatMap((row) => {
    const cells = columns.map(({ texts }, column) => fill(texts[row] ?? [], widths[column] ?? 0));
    const lines = Array.from({ length: Math.max(...cells.map((cell) => cell.length)) }, (_, line) =>
      columns.map(({ isNumeric }, column) => {
        const text = cells[column]?.[line] ?? '';
        return isNumeric ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
      }),
    );
    return lines.map((line) => indent + line.join('  '));
  });
}

/** The pieces of a cell: a number and its unit stay together. */
function toPieces(value: unknown, name: string): string[] {
  if (value === undefined) return [];
  return typeof value === 'number' ? [scalar(value, name)] : scalar(value, name).split(/(?<= )/);
}

/** How wide the columns are: the widest give way, down to their longest piece. Undefined where that is not enough. */
function fitColumns(columns: readonly Column[], room: number): number[] | undefined {
  const widest = (lengths: readonly number[]) => Math.max(0, ...lengths);
  const widths = columns.map(({ texts }) => widest(texts.map((pieces) => pieces.join('').length)));
  const least = columns.map(({ texts }) => widest(texts.flat().map((piece) => piece.trimEnd().length)));
  let excess = widths.reduce((sum, width) => sum + width + 2, -2) - room;
  // So much would be broken that hardly a row would be a row.
  if (excess > room / 2) return undefined;
  for (; excess > 0; excess -= 1) {
    const yielding = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0));
    const column = yielding.indexOf(widest(yielding));
    if (yielding[column] === 0) return undefined;
    widths[column] = (widths[column] ?? 0) - 1;
  }
  return widths;
}

function renderTimeline(spans: readonly Span[], leftOut = 0): string[] {
  const shown = spans.slice(0, MAX_ROWS);
  const start = Math.min(...shown.map((span) => span.startMs));
  const end = Math.max(...shown.map((span) => span.endMs));
  const names = shown.map(({ lane, label }) => (lane === label ? label : `${lane}  ${label}`));
  const nameWidth = Math.min(MAX_LABEL, Math.max(...names.map((name) => name.length)));
  const barWidth = WIDTH - nameWidth - 23;
  const column = (at: number) => Math.round(((at - start) / Math.max(end - start, 0.001)) * (barWidth - 1));
  const rows = shown.map((span, index) => {
    const from = column(span.startMs);
    const bar = `${'·'.repeat(from)}${'█'.repeat(Math.max(1, column(span.endMs) - from))}`.padEnd(
      barWidth,
      '·',
    );
    const name = cut(names[index] ?? '', nameWidth).padEnd(nameWidth);
    return `  ${name}  ${bar}  ${ms(span.startMs - start).padStart(8)} ${ms(span.endMs - span.startMs).padStart(8)}`;
  });
  const head = `  ${''.padEnd(nameWidth)}  ${''.padEnd(barWidth)}  ${'start'.padStart(8)} ${'length'.padStart(8)}`;
  const more = spans.length - shown.length + leftOut;
  return [head, ...rows, ...(more > 0 ? [`  … and ${more} more`] : [])];
}

function isInline(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => typeof item !== 'object' || item === null);
  return typeof value !== 'object' || value === null;
}

function isFlatObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isInline)
  );
}

/** A value in words; the unit is in the name, as everywhere in the answers. */
function scalar(value: unknown, name = ''): string {
  if (Array.isArray(value)) return value.map((item) => scalar(item)).join(', ');
  if (typeof value === 'number') {
    if (name.endsWith('Bytes') || name === 'bytes') return bytes(value);
    if (name.endsWith('Ms') || name === 'ms') return ms(value);
    if (/(pid|port|year)$/i.test(name)) return String(value);
    return Number.isInteger(value) ? value.toLocaleString('en') : String(Math.round(value * 1000) / 1000);
  }
  if (value === null) return 'none';
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** Breaks a text at spaces, and words that are longer than a line where they must. */
export function wrap(text: string, indent: string): string[] {
  const room = WIDTH - indent.length;
  const pieces = text
    .split(/(?<= )/)
    .flatMap((word) => word.match(new RegExp(`.{1,${room}}`, 'gsu')) ?? ['']);
  return fill(pieces, room).map((line) => indent + line);
}

/** Joins pieces to lines: as many to each as there is room for. */
function fill(pieces: readonly string[], room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces) {
    if (line !== '' && line.length + piece.trimEnd().length > room) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += piece;
  }
  return [...lines, line.trimEnd()];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
