import { h } from './dom.ts';
import { asText, digits, figure, plain, words } from './format.ts';

const MAX_ROWS = 60;

type Meanings = Readonly<Record<string, string>>;
type Flat = Readonly<Record<string, unknown>>;

/** A result for reading: figures with their units, lists as tables, the rest as what it holds. */
export function showResult(result: unknown, meanings: Meanings): HTMLElement {
  if (!isObject(result)) return h('p', { class: 'value' }, showValue('', result));
  const entries = Object.entries(result).filter(([, value]) => value !== undefined);
  const plainOnes = entries.filter(([, value]) => !isNested(value));
  const nested = entries.filter(([, value]) => isNested(value));
  return h(
    'div',
    { class: 'result' },
    plainOnes.length === 0 ? undefined : showTiles(plainOnes, meanings),
    ...nested.map(([name, value]) =>
      h(
        'section',
        { class: 'part' },
        h('h4', {}, words(name)),
        explain(meanings[name]),
        showNested(name, value, meanings),
      ),
    ),
  );
}

function explain(meaning: string | undefined): HTMLElement | undefined {
  return meaning === undefined ? undefined : h('p', { class: 'meaning' }, meaning);
}

function showTiles(entries: readonly (readonly [string, unknown])[], meanings: Meanings): HTMLElement {
  const tiles = entries.map(([name, value]) =>
    h(
      'div',
      { class: isLong(value) ? 'tile long' : 'tile' },
      h('dt', {}, words(name)),
      h('dd', {}, showValue(name, value)),
      meanings[name] === undefined ? undefined : h('dd', { class: 'meaning' }, meanings[name]),
    ),
  );
  return h('dl', { class: 'tiles' }, ...tiles);
}

function showNested(name: string, value: unknown, meanings: Meanings): HTMLElement {
  if (!Array.isArray(value)) return showResult(value, meanings);
  const list = value as unknown[];
  if (list.every(isObject)) return showTable(list, meanings);
  return h(
    'p',
    { class: 'value' },
    list.map((item) => (isObject(item) ? JSON.stringify(item) : inWords(name, item))).join(', '),
  );
}

function showTable(rows: readonly Flat[], meanings: Meanings): HTMLElement {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const numeric = new Set(
    names.filter((name) =>
      rows.every((row) => row[name] === undefined || row[name] === null || typeof row[name] === 'number'),
    ),
  );
  const align = (name: string) => (numeric.has(name) ? 'number' : undefined);
  const head = names.map((name) =>
    h('th', { scope: 'col', class: align(name), title: meanings[name] }, words(name)),
  );
  const body = rows
    .slice(0, MAX_ROWS)
    .map((row) =>
      h('tr', {}, ...names.map((name) => h('td', { class: align(name) }, inWords(name, row[name])))),
    );
  const more =
    rows.length > MAX_ROWS ? h('p', { class: 'meaning' }, `and ${rows.length - MAX_ROWS} more`) : undefined;
  const table = h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...body));
  return h(
    'div',
    {},
    h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Table' }, table),
    more,
  );
}

function showValue(name: string, value: unknown): Node {
  if (typeof value === 'number') {
    const { text, unit } = figure(name, value);
    return h('span', {}, text, unit === '' ? undefined : h('small', {}, ` ${unit}`));
  }
  return h('span', { class: isLong(value) ? 'words' : undefined }, inWords(name, value));
}

/** A value in one line. */
export function inWords(name: string, value: unknown): string {
  if (value === undefined) return '';
  if (value === null) return 'none';
  if (typeof value === 'number') return plain(figure(name, value));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map((item) => inWords(name, item)).join(', ');
  if (isObject(value))
    return Object.entries(value)
      .map(([key, inner]) => `${words(key)} ${inWords(key, inner)}`)
      .join(', ');
  return asText(value);
}

function isLong(value: unknown): boolean {
  return typeof value === 'string'
    ? value.length > 22
    : Array.isArray(value) && inWords('', value).length > 22;
}

function isObject(value: unknown): value is Flat {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNested(value: unknown): boolean {
  return (
    isObject(value) ||
    (Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null))
  );
}

/** Numbers of a result by their path, for comparing two. */
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

/** How many times more the one is, where that says something. */
export function timesMore(one: number, other: number): string {
  if (one === other) return 'the same';
  const ratio = Math.max(one, other) / Math.min(one, other);
  if (!Number.isFinite(ratio) || ratio < 1.05 || Math.min(one, other) < 0)
    return ratio < 1.05 ? 'about the same' : '';
  return `${ratio >= 10 ? digits(Math.round(ratio)) : ratio.toFixed(1)}×`;
}
