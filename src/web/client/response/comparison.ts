import type { Entry } from '../demos/catalog.ts';
import { h, svg } from '../dom/elements.ts';
import { label } from '../dom/format.ts';
import type { Outcome } from '../request/send-request.ts';
import { isEvidence } from './evidence.ts';
import { createLesson, createResponseView } from './response-view.ts';
import { formatRatio, formatValue, numbersOf } from './result-view.ts';
import { createTimeline } from './timeline.ts';

interface Side {
  readonly entry: Entry;
  readonly outcome: Outcome;
  /** Distinguishes it from the other side. */
  readonly name: string;
}

/** Two responses side by side: their timelines on a shared time axis, and each figure on one scale. */
export function createComparison(one: Side, other: Side): HTMLElement {
  const sides = [one, other];
  const evidence = sides.map(({ outcome }) => (isEvidence(outcome.json) ? outcome.json : undefined));
  const all = evidence.flatMap((item) => item?.timeline ?? []);
  const columns = sides.map((side, index) => {
    const { entry, outcome, name } = side;
    const item = evidence[index];
    return h(
      'section',
      { class: `side side-${index}` },
      h('h4.mono', name),
      item === undefined ? createResponseView(outcome, entry.route) : createLesson(item.lesson),
      item?.timeline === undefined ? undefined : createTimeline(item.timeline, all),
      item === undefined ? undefined : createFullResponse(side),
    );
  });
  const [left, right] = evidence;
  const figures = left === undefined || right === undefined ? undefined : createFigures(one, other);
  return h('div.response.comparison', h('div.sides', ...columns), figures);
}

/** The complete response of one side, collapsed. */
function createFullResponse({ entry, outcome }: Side): HTMLElement {
  const details = h('details.collapsed', h('summary', 'Full response'));
  details.addEventListener('toggle', () => details.append(createResponseView(outcome, entry.route)), {
    once: true,
  });
  return details;
}

/** The figures that both sides have, with a bar for each value. */
function createFigures(one: Side, other: Side): HTMLElement {
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
        name.split('.').map(label).join(', '),
      ),
      h('td', { role: 'cell' }, createMeasure(a, b, 0, formatValue(key, a))),
      h('td', { role: 'cell' }, createMeasure(b, a, 1, formatValue(key, b))),
      h('td.ratio', { role: 'cell' }, formatRatio(a, b)),
    );
  });
  const head = ['figure', one.name, other.name, 'difference'].map((name) =>
    h('th', { scope: 'col', role: 'columnheader' }, name),
  );
  return h(
    'section.part',
    h('h4', 'Figures of both'),
    h(
      'div.scroll',
      { tabindex: 0, role: 'group', 'aria-label': 'Figures of both' },
      // With roles, since on narrow screens the table is a grid, which browsers do not expose as a table.
      h(
        'table.figures',
        { role: 'table' },
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...head)),
        h('tbody', { role: 'rowgroup' }, ...rows),
      ),
    ),
  );
}

function createMeasure(value: number, other: number, side: 0 | 1, text: string): HTMLElement {
  return h('div.measure', createBar(value, other, side), h('span', text));
}

function createBar(value: number, other: number, side: 0 | 1): SVGSVGElement {
  const top = Math.max(Math.abs(value), Math.abs(other), Number.MIN_VALUE);
  const width = value === 0 ? 0 : Math.max(1, (Math.abs(value) / top) * 100);
  return svg(
    'svg',
    { class: `meter side-${side}`, viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect.track', { width: 100, height: 6, rx: 1 }),
    svg('rect.fill', { width, height: 6, rx: 1 }),
  );
}
