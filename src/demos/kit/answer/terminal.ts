/** A response as text for a terminal: aligned figures, spans as bars. Only commands to copy may exceed `WIDTH`. */
import { pad, renderTable, tableWidth, truncate, wrap } from '../../../shared/text-table.ts';
import type { Span } from '../measure/timeline.ts';
import type { Answer } from './answer.ts';
import { bytes, count, ms, percent } from './units.ts';

const WIDTH = 80;
const MAX_ROWS = 40;
/** A longer name has its value below it, so that both have room. */
const MAX_NAME = 28;
/** Deeper values are not indented further. */
const MAX_INDENT = 32;
/** A longer label would leave no room for its bar. */
const MAX_LABEL = 36;
/** A demo that is shorter ends within an iteration or two: its use of the event loop says nothing. */
const MIN_LOOP_MS = 20;

export function renderText(given: Answer): string {
  const answer = showControls(given);
  const { cost, lesson, timeline, moreSpans } = answer;
  const where = `worker ${answer.ranOn.worker}, pid ${answer.ranOn.pid}, Node.js ${answer.ranOn.node}`;
  const blocks = [
    `${answer.demo}${where.padStart(Math.max(2 + where.length, WIDTH - answer.demo.length))}`,
    section('RESULT', renderValue(answer.result, '  ')),
    timeline === undefined ? '' : section('TIMELINE', renderTimeline(timeline, moreSpans)),
    section('COST', describeCost(cost)),
    section('LESSON', [...wrapIndented(lesson.headline, '  '), '', ...wrapIndented(lesson.text, '  ')]),
    answer.compareWith.length === 0
      ? ''
      : section(
          'COMPARE WITH',
          answer.compareWith.map((command) => `  ${command}`),
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

/** Wraps a text to the width of a terminal. */
export function wrapIndented(text: string, indent: string): string[] {
  return wrap(text, WIDTH - indent.length).map((line) => indent + line);
}

function describeCost(cost: Answer['cost']): string[] {
  const { elapsedMs, eventLoop, rssDeltaBytes, shared = 0 } = cost;
  return [
    `  ${ms(elapsedMs)} elapsed, ${describeCpu(cost)}; memory ${rssDeltaBytes < 0 ? '' : '+'}${bytes(rssDeltaBytes)}`,
    ...(elapsedMs < MIN_LOOP_MS
      ? []
      : [
          `  event loop ${percent(eventLoop.utilization)} busy, delayed by up to ${ms(eventLoop.maxDelayMs)}`,
        ]),
    ...(shared === 0
      ? []
      : [`  not alone: the figures include ${count(shared, 'other demo')} of this worker`]),
  ];
}

function describeCpu({ cpuMs, childrenCpuMs = 0 }: Answer['cost']): string {
  return `${ms(cpuMs)} CPU${childrenCpuMs > 0 ? ` and ${ms(childrenCpuMs)} in child processes` : ''}`;
}

/** Makes control characters visible, in names and values alike: a terminal would execute them. */
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

/** Objects as aligned pairs, lists of objects as tables, everything else as it is. */
function renderValue(value: unknown, indent: string): string[] {
  if (Array.isArray(value)) return renderList(value, indent);
  if (typeof value !== 'object' || value === null) return wrapIndented(scalar(value), indent);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const fitsBeside = (name: string, inner: unknown) => isInline(inner) && name.length <= MAX_NAME;
  const inline = entries.filter(([name, inner]) => fitsBeside(name, inner));
  const width = Math.max(0, ...inline.map(([name]) => name.length));
  const deeper = indent.length < MAX_INDENT ? `${indent}  ` : indent;
  return entries.flatMap(([name, inner]) => {
    if (!fitsBeside(name, inner)) {
      const below = isInline(inner) ? wrapIndented(scalar(inner, name), deeper) : renderValue(inner, deeper);
      return [...wrapIndented(name, indent), ...below];
    }
    const [first = '', ...rest] = wrapIndented(scalar(inner, name), ' '.repeat(indent.length + width + 2));
    return [`${indent}${name.padEnd(width + 2)}${first.trimStart()}`, ...rest];
  });
}

function renderList(list: readonly unknown[], indent: string): string[] {
  const shown = list.slice(0, MAX_ROWS);
  const more = list.length > shown.length ? [`${indent}… and ${list.length - shown.length} more`] : [];
  if (shown.every(isFlatObject)) return [...renderRows(shown, indent), ...more];
  return [...shown.flatMap((item) => renderValue(item, indent)), ...more];
}

function renderRows(rows: readonly Readonly<Record<string, unknown>>[], indent: string): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map((name) => {
    const values = rows.map((row) => row[name]);
    const isNumeric = values.every((value) => value === undefined || typeof value === 'number');
    return {
      head: name,
      // A number and its unit stay on one line.
      cells: values.map((value) => {
        const text = value === undefined ? '' : scalar(value, name);
        return typeof value === 'number' ? text.replace(' ', '\u00A0') : text;
      }),
      align: isNumeric ? ('right' as const) : ('left' as const),
    };
  });
  const room = WIDTH - indent.length;
  const table = tableWidth(columns) > 1.5 * room ? undefined : renderTable(columns, room);
  if (table !== undefined) return table.map((line) => indent + line.replaceAll('\u00A0', ' '));
  // Rows of which hardly any would stay on one line are easier to read as one block each.
  return rows.flatMap((row) => [...renderValue({ ...row }, indent), '']).slice(0, -1);
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
    const name = pad(truncate(names[index] ?? '', nameWidth), nameWidth);
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

/** A value as text. Its unit is in its name, as everywhere in the responses. */
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
