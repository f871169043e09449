import type { Entry } from './catalogue.ts';
import { h, svg } from './dom.ts';
import { isEvidence, type Outcome } from './exchange.ts';
import { inWords, numbersOf, timesMore } from './figures.ts';
import { words } from './format.ts';
import { showOutcome } from './answer.ts';
import { createTimeline } from './timeline.ts';

export interface Side {
  readonly entry: Entry;
  readonly outcome: Outcome;
  /** What tells it from the other. */
  readonly name: string;
}

/** Two answers side by side: their drawings on one scale of time, and their figures on one scale each. */
export function showPair(one: Side, other: Side): HTMLElement {
  const sides = [one, other];
  const evidence = sides.map(({ outcome }) => (isEvidence(outcome.json) ? outcome.json : undefined));
  const all = evidence.flatMap((item) => item?.timeline ?? []);
  const columns = sides.map(({ entry, name }, index) => {
    const item = evidence[index];
    return h(
      'section',
      { class: `side side-${index}` },
      h('h4', { class: 'mono' }, name),
      item === undefined
        ? showOutcome(sides[index]?.outcome as Outcome, entry.route)
        : h('p', { class: 'lesson' }, item.lesson),
      item?.timeline === undefined ? undefined : createTimeline(item.timeline, all),
      item === undefined ? undefined : showWhole(sides[index] as Side),
    );
  });
  const [left, right] = evidence;
  const figures = left === undefined || right === undefined ? undefined : showFigures(one, other);
  return h('div', { class: 'answer pair' }, h('div', { class: 'sides' }, ...columns), figures);
}

/** The answer of one side with all that came with it. */
function showWhole({ entry, outcome }: Side): HTMLElement {
  const details = h('details', { class: 'source' }, h('summary', {}, 'The whole answer'));
  details.addEventListener('toggle', () => details.append(showOutcome(outcome, entry.route)), { once: true });
  return details;
}

/** The figures that both have: a bar for each, on one scale. */
function showFigures(one: Side, other: Side): HTMLElement {
  const both = [one, other].map(({ outcome }) => {
    const { result, cost } = outcome.json as { result: unknown; cost: unknown };
    return new Map([...numbersOf(result), ...numbersOf(cost)]);
  });
  const [left, right] = both as [Map<string, number>, Map<string, number>];
  const meanings = { ...one.entry.route.meanings, ...other.entry.route.meanings };
  const names = [...left.keys()].filter((name) => right.has(name));
  const rows = names.map((name) => {
    const [a, b] = [left.get(name) ?? 0, right.get(name) ?? 0];
    const key = name.split('.').at(-1) ?? name;
    return h(
      'tr',
      { role: 'row' },
      h(
        'th',
        { scope: 'row', role: 'rowheader', title: meanings[key] },
        name.split('.').map(words).join(', '),
      ),
      h('td', { role: 'cell' }, measure(a, b, 0, inWords(key, a))),
      h('td', { role: 'cell' }, measure(b, a, 1, inWords(key, b))),
      h('td', { role: 'cell', class: 'times' }, timesMore(a, b)),
    );
  });
  const head = ['figure', one.name, other.name, 'difference'].map((name) =>
    h('th', { scope: 'col', role: 'columnheader' }, name),
  );
  return h(
    'section',
    { class: 'part' },
    h('h4', {}, 'The same figures'),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Figures of both' },
      // The roles are said for narrow screens: what is laid out as a grid is no table to a browser.
      h(
        'table',
        { class: 'contrast', role: 'table' },
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...head)),
        h('tbody', { role: 'rowgroup' }, ...rows),
      ),
    ),
  );
}

function measure(value: number, other: number, side: 0 | 1, inWords: string): HTMLElement {
  return h('div', { class: 'measure' }, bar(value, other, side), h('span', {}, inWords));
}

function bar(value: number, other: number, side: 0 | 1): SVGSVGElement {
  const top = Math.max(Math.abs(value), Math.abs(other), Number.MIN_VALUE);
  const width = value === 0 ? 0 : Math.max(1, (Math.abs(value) / top) * 100);
  return svg(
    'svg',
    { class: `meter side-${side}`, viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'track', width: 100, height: 6, rx: 1 }),
    svg('rect', { class: 'fill', width, height: 6, rx: 1 }),
  );
}
