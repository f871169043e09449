import { describe, expect, test } from '@jest/globals';
import { RateLimitCounts } from '../../src/cluster/rate-limit-counts.ts';

describe('the counts of rate limits', () => {
  const used = (counts: RateLimitCounts, hits: readonly (readonly [string, number])[], name = 'client') =>
    counts.count({ limiter: name, windowMs: 60_000, hits }).map(([total]) => total);

  test('add up over all that ask, each client for itself', () => {
    const counts = new RateLimitCounts();
    expect(used(counts, [['a', 3]])).toEqual([3]);
    expect(
      used(counts, [
        ['a', 1],
        ['b', 2],
      ]),
    ).toEqual([4, 2]);
  });

  test('say when the window ends, which begins with its first hit', () => {
    const counts = new RateLimitCounts();
    const ends = [1, 2].flatMap(() =>
      counts.count({ limiter: 'client', windowMs: 60_000, hits: [['a', 1]] }),
    );
    const [first, second] = ends.map(([, resetAt]) => resetAt);
    expect(first).toBeGreaterThan(Date.now());
    expect(second).toBe(first);
  });

  test('of one limiter are not those of another', () => {
    const counts = new RateLimitCounts();
    used(counts, [['a', 3]]);
    expect(used(counts, [['a', 1]], 'bucket')).toEqual([1]);
  });

  test('of a window of another length are not those of this one, but are forgotten with them', () => {
    const counts = new RateLimitCounts();
    const short = () => counts.count({ limiter: 'client', windowMs: 1_000, hits: [['a', 1]] });
    used(counts, [['a', 3]]);
    const [[total, resetAt] = [0, 0]] = short();
    expect(total).toBe(1);
    expect(resetAt).toBeLessThanOrEqual(Date.now() + 1_000);
    counts.forget('client', 'a');
    expect(short()[0]?.[0]).toBe(1);
    expect(used(counts, [['a', 1]])).toEqual([1]);
  });

  test('can be taken back, and forgotten', () => {
    const counts = new RateLimitCounts();
    used(counts, [['a', 3]]);
    expect(used(counts, [['a', -1]])).toEqual([2]);
    counts.forget('client', 'a');
    expect(used(counts, [['a', 1]])).toEqual([1]);
  });
});
