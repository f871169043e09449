import { h, withCode } from '../dom/elements.ts';
import { digits, figure, label, spaced, stringify, toText } from '../dom/format.ts';

const MAX_ROWS = 60;
/** More characters do not fit in a tile of one column. */
const MAX_NARROW_CHARACTERS = 9;

type Meanings = Readonly<Record<string, string>>;
type Row = Readonly<Record<string, unknown>>;

/** A result: figures with their units, lists as tables, nested objects as sections. */
export function createResultView(result: unknown, meanings: Meanings): HTMLElement {
  if (!isObject(result)) return h('p.value', createValue('', result));
  const entries = Object.entries(result).filter(([, value]) => value !== undefined);
  const flat = entries.filter(([, value]) => !isNested(value));
  const nested = entries.filter(([, value]) => isNested(value));
  return h(
    'div.result',
    flat.length === 0 ? undefined : createTiles(flat, meanings),
    ...nested.map(([name, value]) =>
      h(
        'section.part',
        h('h4', label(name)),
        createMeaning(meanings[name]),
        createNested(name, value, meanings),
      ),
    ),
  );
}

function createMeaning(meaning: string | undefined): HTMLElement | undefined {
  return meaning === undefined ? undefined : h('p.meaning', ...withCode(meaning));
}

function createTiles(entries: readonly (readonly [string, unknown])[], meanings: Meanings): HTMLElement {
  const tiles = entries.map(([name, value]) =>
    h(
      'div',
      { class: `tile ${widthOf(value)}` },
      h('dt', label(name)),
      h('dd', createValue(name, value)),
      meanings[name] === undefined ? undefined : h('dd.meaning', ...withCode(meanings[name])),
    ),
  );
  return h('dl.tiles', ...tiles);
}

function createNested(name: string, value: unknown, meanings: Meanings): HTMLElement {
  if (!Array.isArray(value)) return createResultView(value, meanings);
  const list = value as unknown[];
  if (list.every(isObject)) return createTable(list, meanings);
  return h(
    'p.value',
    list.map((item) => (isObject(item) ? JSON.stringify(item) : formatValue(name, item))).join(', '),
  );
}

function createTable(rows: readonly Row[], meanings: Meanings): HTMLElement {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const numeric = new Set(
    names.filter((name) =>
      rows.every((row) => row[name] === undefined || row[name] === null || typeof row[name] === 'number'),
    ),
  );
  const align = (name: string) => (numeric.has(name) ? 'number' : undefined);
  const head = names.map((name) =>
    h('th', { scope: 'col', class: align(name), title: meanings[name] }, label(name)),
  );
  const body = rows
    .slice(0, MAX_ROWS)
    .map((row) =>
      h('tr', ...names.map((name) => h('td', { class: align(name) }, formatValue(name, row[name])))),
    );
  const more = rows.length > MAX_ROWS ? h('p.meaning', `and ${rows.length - MAX_ROWS} more`) : undefined;
  const table = h('table', h('thead', h('tr', ...head)), h('tbody', ...body));
  return h('div', h('div.scroll', { tabindex: 0, role: 'group', 'aria-label': 'Table' }, table), more);
}

function createValue(name: string, value: unknown): Node {
  if (typeof value === 'number') {
    const { text, unit } = figure(name, value);
    return h('span', text, unit !== '' && h('small', spaced(unit)));
  }
  return h('span', { class: isLong(value) ? 'string' : undefined }, formatValue(name, value));
}

/** A value on one line. */
export function formatValue(name: string, value: unknown): string {
  if (value === undefined) return '';
  if (value === null) return 'none';
  if (typeof value === 'number') return toText(figure(name, value));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map((item) => formatValue(name, item)).join(', ');
  if (isObject(value))
    return Object.entries(value)
      .map(([key, inner]) => `${label(key)} ${formatValue(key, inner)}`)
      .join(', ');
  return stringify(value);
}

/** How much room a tile needs, so that no word is cut. */
function widthOf(value: unknown): string {
  if (isLong(value)) return 'long';
  const isText = typeof value === 'string' || Array.isArray(value);
  return isText && formatValue('', value).length > MAX_NARROW_CHARACTERS ? 'wide' : '';
}

function isLong(value: unknown): boolean {
  return typeof value === 'string'
    ? value.length > 22
    : Array.isArray(value) && formatValue('', value).length > 22;
}

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNested(value: unknown): boolean {
  return (
    isObject(value) ||
    (Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null))
  );
}

/** The numbers of a result by their path, to compare two results. */
export function numbersOf(result: unknown, prefix = ''): Map<string, number> {
  const numbers = new Map<string, number>();
  if (!isObject(result)) return numbers;
  for (const [name, value] of Object.entries(result)) {
    if (typeof value === 'number') numbers.set(prefix + name, value);
    else if (isObject(value))
      for (const [key, inner] of numbersOf(value, `${prefix}${name}.`)) numbers.set(key, inner);
  }
  return numbers;
}

/** The ratio of two numbers, if it is meaningful: `3.5×`. */
export function formatRatio(one: number, other: number): string {
  if (one === other) return 'the same';
  const ratio = Math.max(one, other) / Math.min(one, other);
  if (!Number.isFinite(ratio) || ratio < 1.05 || Math.min(one, other) < 0)
    return ratio < 1.05 ? 'about the same' : '';
  return `${ratio >= 10 ? digits(Math.round(ratio)) : ratio.toFixed(1)}×`;
}
