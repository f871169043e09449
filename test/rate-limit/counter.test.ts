import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { RateLimitCounter } from '../../src/rate-limit/counter.ts';

type HitList = readonly (readonly [key: string, times: number])[];

/** Counts hits in a window of one minute. @returns the total of each client */
function count(counter: RateLimitCounter, hits: HitList, limiter = 'client'): number[] {
  return counter.count({ limiter, windowMs: 60_000, hits }).map(([total]) => total);
}

describe('the rate-limit counter', () => {
  test('adds up the hits of each client', () => {
    const counter = new RateLimitCounter();
    expect(count(counter, [['a', 3]])).toEqual([3]);
    expect(
      count(counter, [
        ['a', 1],
        ['b', 2],
      ]),
    ).toEqual([4, 2]);
  });

  test('starts the window at the first hit', async () => {
    const counter = new RateLimitCounter();
    const hit = () => counter.count({ limiter: 'client', windowMs: 60_000, hits: [['a', 1]] })[0]?.[1];
    const resetAt = hit();
    expect(resetAt).toBeGreaterThan(Date.now());
    await sleep(5);
    expect(hit()).toBe(resetAt);
  });

  test('keeps the counts of limiters apart', () => {
    const counter = new RateLimitCounter();
    count(counter, [['a', 3]]);
    expect(count(counter, [['a', 1]], 'bucket')).toEqual([1]);
  });

  test('keeps the counts of window lengths apart, and resets a key in each', () => {
    const counter = new RateLimitCounter();
    const hitShort = () => counter.count({ limiter: 'client', windowMs: 1_000, hits: [['a', 1]] });
    count(counter, [['a', 3]]);
    const [[total, resetAt] = [0, 0]] = hitShort();
    expect(total).toBe(1);
    expect(resetAt).toBeLessThanOrEqual(Date.now() + 1_000);
    counter.resetKey('client', 'a');
    expect(hitShort()[0]?.[0]).toBe(1);
    expect(count(counter, [['a', 1]])).toEqual([1]);
  });

  test('takes hits back and resets a key', () => {
    const counter = new RateLimitCounter();
    count(counter, [['a', 3]]);
    expect(count(counter, [['a', -1]])).toEqual([2]);
    counter.resetKey('client', 'a');
    expect(count(counter, [['a', 1]])).toEqual([1]);
  });
});
