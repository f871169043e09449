import { describe, expect, test } from '@jest/globals';
import { Budget } from '../../../src/demos/work/budget.ts';
import { createMetrics } from '../../../src/process/metrics.ts';

function createBudget(capacity: number, maxWaiting: number): Budget {
  return new Budget({ name: 'places', capacity, maxWaiting, metrics: createMetrics() });
}

/** Work that ends when it is told to. */
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

describe('budget', () => {
  test('lets in what fits, makes others wait in order, and refuses who cannot even wait', async () => {
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

  test('a large one is not overtaken by small ones', async () => {
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

  test('who leaves while waiting gives the place in the queue to the next', async () => {
    const budget = createBudget(1, 2);
    const [first, last] = [hold(), hold()];
    const leaving = new AbortController();
    const running = budget.use(1, never, first.work);
    const left = budget.use(1, leaving.signal, async () => undefined);
    const waiting = budget.use(1, never, last.work);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    first.end();
    await running;
    await settle();
    expect(last.begun()).toBe(true);
    last.end();
    await waiting;
    expect(budget.inUse).toBe(0);
  });

  test('gives back what failed work had taken', async () => {
    const budget = createBudget(1, 0);
    await expect(budget.use(1, never, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(budget.use(1, never, async () => 'fine')).resolves.toBe('fine');
  });

  test('refuses what could never fit', async () => {
    await expect(createBudget(1, 5).use(2, never, async () => undefined)).rejects.toMatchObject({
      code: 'busy',
    });
  });
});
