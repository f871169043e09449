import { describe, expect, test } from '@jest/globals';
import { conclude } from '../../../src/demos/event-loop/order-lesson.ts';
import type { Run } from '../../../src/demos/event-loop/order-runs.ts';
import { summarize } from '../../../src/demos/event-loop/order-summary.ts';
import { useEventLoop } from './use-event-loop.ts';

const run = await useEventLoop();

interface Order {
  readonly runs: number;
  readonly timeoutFirst: number;
  readonly immediateFirst: number;
  readonly distribution: readonly {
    readonly from: string;
    readonly order: string;
    readonly meanGapMs?: number;
  }[];
}

const modules = ['main, CommonJS', 'main, ES module'] as const;

function runsOf(module: 0 | 1, first: 'setTimeout' | 'setImmediate', gapMs: number, many = 1): Run[] {
  const last = first === 'setTimeout' ? 'setImmediate' : 'setTimeout';
  const order = ['main', 'nextTick', 'microtask', first, last];
  return Array.from({ length: many }, () => ({ from: modules[module], order, gapMs }));
}

function lessonOf(from: 'main' | 'io', ...runs: readonly Run[][]) {
  return conclude({ from, ...summarize(runs.flat()) });
}

describe('event-loop/order', () => {
  test('runs setImmediate first from every I/O callback', async () => {
    const { result } = await run<Order>('order?from=io');

    expect(result).toMatchObject({ runs: 300, timeoutFirst: 0, immediateFirst: 300 });
    expect(result.distribution).toHaveLength(1);
    expect(result.distribution[0]?.order).toBe('nextTick, microtask, setImmediate, setTimeout');
  });

  test('counts each fresh process, and an ES module runs its microtask before nextTick', async () => {
    const { result } = await run<Order>('order?from=main&processes=12');

    expect(result.runs).toBe(12);
    expect(result.timeoutFirst + result.immediateFirst).toBe(12);
    for (const { from, order, meanGapMs } of result.distribution) {
      expect(order).toMatch(
        from === 'main, CommonJS' ? /^nextTick, microtask, set/ : /^microtask, nextTick, set/,
      );
      expect(meanGapMs).toBeGreaterThan(0);
    }
    expect(new Set(result.distribution.map(({ from }) => from)).size).toBe(2);
  });
});

test('the summary of event-loop/order counts each order, the most frequent first', () => {
  const runs = [runsOf(0, 'setTimeout', 3), runsOf(0, 'setImmediate', 1), runsOf(0, 'setImmediate', 2)];

  expect(summarize(runs.flat())).toEqual({
    runs: 3,
    timeoutFirst: 1,
    immediateFirst: 2,
    distribution: [
      {
        from: 'main, CommonJS',
        order: 'nextTick, microtask, setImmediate, setTimeout',
        runs: 2,
        meanGapMs: 1.5,
      },
      {
        from: 'main, CommonJS',
        order: 'nextTick, microtask, setTimeout, setImmediate',
        runs: 1,
        meanGapMs: 3,
      },
    ],
  });
});

describe('the lesson of event-loop/order', () => {
  const cause = 'where the timer won, the loop started later';

  test('reports a share only if both have won', () => {
    const both = lessonOf('main', runsOf(0, 'setTimeout', 1), runsOf(0, 'setImmediate', 1));
    const one = lessonOf('main', runsOf(0, 'setImmediate', 1, 2));

    expect(both.text).toContain('first in 1 of 2 fresh processes (50%)');
    expect(one.text).toContain('this time setImmediate won in each of 2 fresh processes');
  });

  test('reports an order from I/O callbacks that the phases do not allow', () => {
    expect(lessonOf('io', runsOf(0, 'setTimeout', 1)).text).toContain('does not allow that');
  });

  test('names the cause if the gaps of each kind of module point to it', () => {
    const { text } = lessonOf(
      'main',
      runsOf(0, 'setTimeout', 0.9),
      runsOf(0, 'setImmediate', 0.5),
      runsOf(1, 'setTimeout', 0.4),
      runsOf(1, 'setImmediate', 0.2),
    );

    expect(text).toContain(cause);
  });

  test('names no cause if the shorter gap won or only one ever won', () => {
    const contrary = lessonOf('main', runsOf(0, 'setTimeout', 0.349), runsOf(0, 'setImmediate', 0.397));
    // A mean over all of them would point to it: more of the fast modules are in one of the two means.
    const mixed = lessonOf(
      'main',
      runsOf(0, 'setTimeout', 0.9, 9),
      runsOf(0, 'setImmediate', 1, 1),
      runsOf(1, 'setTimeout', 0.3, 1),
      runsOf(1, 'setImmediate', 0.4, 9),
    );
    const single = lessonOf('main', runsOf(0, 'setTimeout', 0.9), runsOf(1, 'setImmediate', 0.2));

    expect(contrary.text).toContain('The means of this run (meanGapMs) do not show that');
    expect(mixed.text).toContain('The means of this run (meanGapMs) do not show that');
    expect(single.text).toContain('No kind of module had both winners');
    for (const { text } of [contrary, mixed, single]) expect(text).not.toContain(cause);
  });
});
