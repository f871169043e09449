import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { countPrimesInSlices } from '../../src/demos/work/primes.ts';
import { conclude, summarize, type Run } from '../../src/demos/event-loop/order.ts';
import { conclude as concludePhases } from '../../src/demos/event-loop/phases.ts';
import { countPrimes } from '../../src/demos/work/primes.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/program.ts';

let service: TestApp;
beforeAll(async () => {
  // These demos hold the event loop on purpose; what follows must not be shed for it.
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run<Result>(path: string): Promise<{ result: Result; lesson: string }> {
  const response = await service.client.get(`/demos/event-loop/${path}`).expect(200);
  return response.body as { result: Result; lesson: string };
}

describe('event-loop/order', () => {
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

  test('from an I/O callback the immediate is first every time', async () => {
    const { result } = await run<Order>('order?from=io');

    expect(result).toMatchObject({ runs: 300, timeoutFirst: 0, immediateFirst: 300 });
    expect(result.distribution).toHaveLength(1);
    expect(result.distribution[0]?.order).toBe('nextTick, microtask, setImmediate, setTimeout');
  });

  test('from main modules each fresh process counts, and an ES module runs in a microtask itself', async () => {
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

  const seen = (last: readonly string[], gapMs: number): Run => ({
    from: 'main, CommonJS',
    order: ['main', 'nextTick', 'microtask', ...last],
    gapMs,
  });
  const timeout = ['setTimeout', 'setImmediate'];
  const immediate = ['setImmediate', 'setTimeout'];

  test('the distribution counts each order, the most frequent first', () => {
    const summary = summarize([seen(timeout, 3), seen(immediate, 1), seen(immediate, 2)]);

    expect(summary).toEqual({
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

  test('the lesson speaks of a race only where both have won', () => {
    const lesson = (runs: readonly Run[], from: 'main' | 'io' = 'main') =>
      conclude({ from, ...summarize(runs) });

    expect(lesson([seen(timeout, 1), seen(immediate, 1)])).toContain(
      'first in 1 of 2 fresh processes (50 %)',
    );
    expect(lesson([seen(immediate, 1), seen(immediate, 1)])).toContain('one winner this time');
    expect(lesson([seen(timeout, 1)], 'io')).toContain('which the phases do not allow');
  });
});

describe('the lesson of event-loop/order', () => {
  const modules = ['main, CommonJS', 'main, ES module'] as const;
  const runs = (module: 0 | 1, first: 'setTimeout' | 'setImmediate', gapMs: number, many = 1): Run[] =>
    Array.from({ length: many }, () => ({
      from: modules[module],
      order: [
        'nextTick',
        'microtask',
        ...(first === 'setTimeout' ? [first, 'setImmediate'] : [first, 'setTimeout']),
      ],
      gapMs,
    }));
  const lesson = (...all: readonly Run[][]) => conclude({ from: 'main', ...summarize(all.flat()) });
  const cause = 'the longer it took, the likelier';

  test('gives the gaps of each kind of module, and the cause where both point to it', () => {
    const told = lesson(
      runs(0, 'setTimeout', 0.9),
      runs(0, 'setImmediate', 0.5),
      runs(1, 'setTimeout', 0.4),
      runs(1, 'setImmediate', 0.2),
    );

    expect(told).toContain(
      '900 µs where setTimeout was first and 500 µs where setImmediate was first (main, CommonJS)',
    );
    expect(told).toContain(
      '400 µs where setTimeout was first and 200 µs where setImmediate was first (main, ES module)',
    );
    expect(told).toContain(cause);
  });

  test('names no cause where the shorter wait won, nor where only one ever won', () => {
    const contrary = lesson(runs(0, 'setTimeout', 0.349), runs(0, 'setImmediate', 0.397));
    // All of them together would point to it: more of the fast modules are in the one mean.
    const mixed = lesson(
      runs(0, 'setTimeout', 0.9, 9),
      runs(0, 'setImmediate', 1, 1),
      runs(1, 'setTimeout', 0.3, 1),
      runs(1, 'setImmediate', 0.4, 9),
    );
    const single = lesson(runs(0, 'setTimeout', 0.9), runs(1, 'setImmediate', 0.2));

    expect(contrary).toContain('the means do not show what decides');
    expect(mixed).toContain('the means do not show what decides');
    expect(single).toContain('no kind of module had both winners');
    for (const told of [contrary, mixed, single]) expect(told).not.toContain(cause);
  });
});

describe('event-loop/phases', () => {
  test('one callback of each phase: in order, with nextTick and microtask between', async () => {
    // A file's status may be late on a busy machine, in the first round or in most.
    const result = await until('the order of the phases', async () => {
      const { result: seen } = await run<{
        sameOrder: number;
        order: readonly string[];
        steps: readonly { turn: number; afterwards: readonly string[] }[];
      }>('phases?rounds=10');
      return seen.order.join() === 'timers,poll,check,close' && seen.sameOrder >= 6 ? seen : undefined;
    });
    expect(result.steps.map(({ afterwards }) => afterwards)).toEqual(
      Array.from({ length: 4 }, () => ['nextTick', 'microtask']),
    );
    const [, poll, check, close] = result.steps;
    expect(check?.turn).toBe(poll?.turn);
    expect(close?.turn).toBe(poll?.turn);
  });

  test('the lesson says where the order is another', () => {
    const steps = ['poll', 'timers'].map((callback) => ({ callback, turn: 0, afterwards: [] }));

    expect(concludePhases(steps, 1, 1)).toContain('poll, timers, which is not the order of the phases');
    expect(concludePhases(steps, 1, 1)).toContain('After 0 of 2 callbacks');
  });
});

describe('event-loop/starve', () => {
  interface Starve {
    readonly recursedMs: number;
    readonly recursions: number;
    readonly recursionsBeforeRead: number;
    readonly readMs: number;
  }

  test.each(['nextTick', 'microtask'])('a recursion by %s keeps a read waiting to its end', async (way) => {
    const { result, lesson } = await run<Starve>(`starve?with=${way}`);

    expect(result.recursions).toBeGreaterThan(100);
    expect(result.recursionsBeforeRead).toBe(result.recursions);
    expect(result.readMs).toBeGreaterThanOrEqual(0.95 * result.recursedMs);
    expect(lesson).toContain('did not let the event loop go on');
  });

  test('a recursion by immediate lets the read through', async () => {
    const { result, lesson } = await run<Starve>('starve?with=immediate&ms=300');

    expect(result.recursions).toBeGreaterThan(100);
    expect(result.recursionsBeforeRead).toBeLessThan(0.5 * result.recursions);
    expect(result.readMs).toBeLessThan(0.5 * result.recursedMs);
    expect(lesson).toContain('let the event loop turn in between');
  });
});

describe('event-loop/block, yield, offload', () => {
  interface Work {
    readonly primes: number;
    readonly workMs: number;
    readonly timerTicks: number;
    readonly timerMaxDelayMs: number;
    readonly healthAnswered: number;
    readonly healthSlowestMs: number;
    readonly slices?: number;
  }

  test('the same work: in one go everybody waits, in slices and on a thread nobody does', async () => {
    await run<Work>('offload?ms=20'); // the threads are started
    const { result: block, lesson } = await run<Work>('block?ms=500');
    const { result: sliced } = await run<Work>('yield?ms=500');
    const { result: offload } = await run<Work>('offload?ms=500');

    expect([sliced.primes, offload.primes]).toEqual([block.primes, block.primes]);
    expect(sliced.slices).toBeGreaterThan(10);

    expect(block).toMatchObject({ timerTicks: 0, healthAnswered: 0 });
    expect(block.timerMaxDelayMs).toBeGreaterThan(0.7 * block.workMs);
    expect(block.healthSlowestMs).toBeGreaterThan(0.9 * block.workMs);
    expect(lesson).toContain('had to wait for all of it');
    for (const other of [sliced, offload]) {
      expect(other.timerMaxDelayMs).toBeLessThan(0.5 * block.timerMaxDelayMs);
      expect(other.healthSlowestMs).toBeLessThan(0.5 * block.healthSlowestMs);
      expect(other.healthAnswered).toBeGreaterThan(3);
      expect(other.timerTicks).toBeGreaterThan(3);
    }
  });

  test('slices count what one go counts, and let others run in between', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const counted = await countPrimesInSlices(300_000, 2, new AbortController().signal, () => undefined);
    clearInterval(timer);

    expect(counted.primes).toBe(countPrimes(300_000));
    expect(counted.slices).toBeGreaterThan(2);
    expect(turns).toBeGreaterThan(1);
  });

  test('a client that leaves ends the slices', async () => {
    const client = new AbortController();
    let slices = 0;
    const counting = countPrimesInSlices(5_000_000, 1, client.signal, () => {
      slices += 1;
      if (slices === 3) client.abort(new Error('gone'));
    });

    await expect(counting).rejects.toThrow('gone');
    expect(slices).toBe(3);
  });
});
