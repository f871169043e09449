import { describe, expect, test } from '@jest/globals';
import { Budget } from '../../../../src/demos/kit/resources/budget.ts';
import { createMetrics } from '../../../../src/telemetry/metrics.ts';

function createBudget(capacity: number, maxWaiting: number): Budget {
  return new Budget({ name: 'slots', capacity, maxWaiting, metrics: createMetrics() });
}

/** Work that lasts until `end` is called. */
function hold(): {
  readonly work: () => Promise<void>;
  readonly end: () => void;
  readonly begun: () => boolean;
} {
  let end = () => {};
  let begun = false;
  const done = new Promise<void>((resolve) => (end = resolve));
  return { work: () => ((begun = true), done), end: () => end(), begun: () => begun };
}

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a budget', () => {
  test('admits work up to its capacity, queues more in order, and rejects with 503 if the queue is full', async () => {
    const budget = createBudget(2, 1);
    const [first, second, third] = [hold(), hold(), hold()];
    const running = [first, second, third].map(({ work }) => budget.use(1, never, work));
    await settle();
    expect([first, second, third].map(({ begun }) => begun())).toEqual([true, true, false]);
    await expect(budget.use(1, never, async () => undefined)).rejects.toMatchObject({
      code: 'busy',
      status: 503,
      headers: { 'Retry-After': expect.stringMatching(/^\d+$/) },
    });
    first.end();
    await settle();
    expect(third.begun()).toBe(true);
    second.end();
    third.end();
    await Promise.all(running);
    expect(budget.inUse).toBe(0);
  });

  test('does not let small requests overtake a large one', async () => {
    const budget = createBudget(2, 5);
    const [one, large, small] = [hold(), hold(), hold()];
    const running = [
      budget.use(1, never, one.work),
      budget.use(2, never, large.work),
      budget.use(1, never, small.work),
    ];
    await settle();
    expect([one, large, small].map(({ begun }) => begun())).toEqual([true, false, false]);
    one.end();
    await settle();
    expect([large.begun(), small.begun()]).toEqual([true, false]);
    large.end();
    await settle();
    expect(small.begun()).toBe(true);
    small.end();
    await Promise.all(running);
  });

  test('admits the next in the queue after a disconnect', async () => {
    const budget = createBudget(1, 2);
    const [first, last] = [hold(), hold()];
    const disconnect = new AbortController();
    const running = budget.use(1, never, first.work);
    const aborted = budget.use(1, disconnect.signal, async () => undefined);
    const waiting = budget.use(1, never, last.work);
    disconnect.abort(new Error('disconnected'));
    await expect(aborted).rejects.toThrow('disconnected');
    first.end();
    await running;
    await settle();
    expect(last.begun()).toBe(true);
    last.end();
    await waiting;
    expect(budget.inUse).toBe(0);
  });

  test('is released by work that fails', async () => {
    const budget = createBudget(1, 0);
    await expect(budget.use(1, never, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(budget.use(1, never, async () => 'fine')).resolves.toBe('fine');
  });

  test('rejects an amount above its capacity', async () => {
    await expect(createBudget(1, 5).use(2, never, async () => undefined)).rejects.toMatchObject({
      code: 'busy',
    });
  });
});
