import { describe, expect, test } from '@jest/globals';
import { countPrimes, countPrimesInSlices } from '../../../src/demos/kit/primes/primes.ts';
import { concludeImpact } from '../../../src/demos/event-loop/work-impact.ts';
import { useEventLoop } from './use-event-loop.ts';

const run = await useEventLoop();

interface Work {
  readonly primes: number;
  readonly workMs: number;
  readonly timerTicks: number;
  readonly timerMaxDelayMs: number;
  readonly healthCompleted: number;
  readonly healthSlowestMs: number;
  readonly slices?: number;
}

describe('event-loop/block, yield and offload', () => {
  test('the same work delays others in one go, but not in slices or on a thread', async () => {
    await run<Work>('offload?ms=20'); // starts the threads
    const { result: block, lesson } = await run<Work>('block?ms=500');
    const { result: sliced } = await run<Work>('yield?ms=500');
    const { result: offload } = await run<Work>('offload?ms=500');

    expect([sliced.primes, offload.primes]).toEqual([block.primes, block.primes]);
    expect(sliced.slices).toBeGreaterThan(10);

    expect(block).toMatchObject({ timerTicks: 0, healthCompleted: 0 });
    expect(block.timerMaxDelayMs).toBeGreaterThan(0.7 * block.workMs);
    expect(block.healthSlowestMs).toBeGreaterThan(0.9 * block.workMs);
    expect(lesson.headline).toMatch(/^Blocked: /);
    for (const other of [sliced, offload]) {
      expect(other.timerMaxDelayMs).toBeLessThan(0.5 * block.timerMaxDelayMs);
      expect(other.healthSlowestMs).toBeLessThan(0.5 * block.healthSlowestMs);
      expect(other.healthCompleted).toBeGreaterThan(3);
      expect(other.timerTicks).toBeGreaterThan(3);
    }
  });

  test('slices count the same primes and let timers run in between', async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    const counted = await countPrimesInSlices(300_000, 2, new AbortController().signal, () => undefined);
    clearInterval(timer);

    expect(counted.primes).toBe(countPrimes(300_000));
    expect(counted.slices).toBeGreaterThan(2);
    expect(ticks).toBeGreaterThan(1);
  });

  test('slices stop when the client disconnects', async () => {
    const client = new AbortController();
    let slices = 0;
    const counting = countPrimesInSlices(5_000_000, 1, client.signal, () => {
      slices += 1;
      if (slices === 3) client.abort(new Error('disconnected'));
    });

    await expect(counting).rejects.toThrow('disconnected');
    expect(slices).toBe(3);
  });
});

describe('the lesson of event-loop/block, yield and offload', () => {
  const impact = {
    limit: 1,
    primes: 0,
    workMs: 300,
    timerTicks: 1,
    timerExpectedTicks: 60,
    timerMaxDelayMs: 5,
    healthCompleted: 20,
    healthSlowestMs: 6,
    healthQuietMs: 1,
  };
  const headlineFor = (healthSlowestMs: number, workMs: number) =>
    concludeImpact('somewhere', { ...impact, healthSlowestMs, workMs }).headline;

  test('does not get better with longer work', () => {
    const waits = [6, 30, 70, 250];
    for (const wait of waits)
      expect(headlineFor(wait, 300)).toBe(headlineFor(wait, 10_000).replace('10.0 s', '300 ms'));
    expect(waits.map((wait) => headlineFor(wait, 10_000))).toEqual([
      'Others kept running: the slowest health check took 6.0 ms',
      'The slowest health check took 30.0 ms, an acceptable delay',
      'The slowest health check took 70.0 ms: clients feel that',
      'Blocked: a health check took 250 ms during 10.0 s of work',
    ]);
  });

  test('names several slices as the wait only if the figures show several', () => {
    const text = (longest?: number) =>
      concludeImpact('in slices', { ...impact, healthSlowestMs: 151 }, longest).text;

    expect(text(50)).toContain('waited about as long as 3 slices');
    expect(text(140)).not.toContain('slices:');
    expect(text()).not.toContain('slices:');
  });

  test('agrees with the figures of its own response, also for slices that are too long', async () => {
    const { result, lesson } = await run<Work & { healthQuietMs: number; longestSliceMs: number }>(
      'yield?ms=800&sliceMs=100',
    );

    expect(result.healthSlowestMs - result.healthQuietMs).toBeGreaterThan(100);
    expect(lesson.headline).toMatch(/^Blocked: /);
    expect(lesson.text).toMatch(/as long as [2-9] slices/);
  });
});
