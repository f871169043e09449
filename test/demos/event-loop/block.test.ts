import { describe, expect, test } from '@jest/globals';
import { countPrimes, countPrimesInSlices } from '../../../src/demos/kit/primes/primes.ts';
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
    expect(lesson.text).toContain('Every request waited until the work finished');
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
