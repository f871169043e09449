import { describe, expect, test } from '@jest/globals';
import { findKnee, percentile, summarize, toWindows, type Sample } from './statistics.ts';

const sample = (ms: number, status = 200, atS = 0): Sample => ({ ms, status, atS, lagMs: 0 });

test('percentile() is the nearest rank, and null without values', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([1, 50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([1, 50, 99, 100]);
  expect(percentile([7], 99)).toBe(7);
  expect(percentile([1, 2, 3], 50)).toBe(2);
  expect(percentile([], 99)).toBeNull();
});

describe('the figures of a phase', () => {
  test('count responses as ok, late, shed, limited, other and failed', () => {
    const statuses = [
      sample(10),
      sample(3_000),
      sample(1, 503),
      sample(1, 429),
      sample(1, 500),
      sample(4_000, 0),
    ];
    expect(summarize(statuses, 2)).toMatchObject({
      sent: 6,
      ok: 1,
      late: 1,
      shed: 1,
      limited: 1,
      other: 1,
      failed: 1,
      goodput: 0.5,
      sentPerSecond: 3,
    });
  });

  test('exclude rejected requests from the percentiles and include failed ones', () => {
    const rejected = Array.from({ length: 99 }, () => sample(1, 503));
    expect(summarize([...rejected, sample(100)], 1)).toMatchObject({ p50: 100, p99: 100 });
    expect(summarize([sample(10), sample(4_000, 0)], 1)).toMatchObject({ p50: 10, p99: 4_000 });
    expect(summarize(rejected, 1).p99).toBeNull();
  });

  test('are computed for each half second, with null if nothing was sent', () => {
    const windows = toWindows([sample(5, 200, 0.1), sample(7, 200, 0.2), sample(9, 200, 1.4)], 1.5);
    expect(windows.map(({ atS, sent, p99 }) => [atS, sent, p99])).toEqual([
      [0.25, 2, 7],
      [0.75, 0, null],
      [1.25, 1, 9],
    ]);
  });
});

describe('the knee of a latency curve', () => {
  const step = (offered: number, goodput: number, p99: number | null) => ({ offered, goodput, p99 });

  test('is the last step before the p99 soars', () => {
    const steps = [step(100, 100, 2), step(200, 200, 4), step(300, 300, 8), step(400, 398, 300)];
    expect(findKnee(steps)).toEqual(steps[2]);
  });

  test('is the last step before goodput falls behind the offered rate', () => {
    const steps = [step(100, 100, 2), step(200, 199, 3), step(300, 210, 15)];
    expect(findKnee(steps)).toEqual(steps[1]);
  });

  test('is the last step if none is beyond it, and undefined if the first one is', () => {
    const steps = [step(100, 100, 2), step(200, 199, 3)];
    expect(findKnee(steps)).toEqual(steps[1]);
    expect(findKnee([step(100, 20, 2)])).toBeUndefined();
    expect(findKnee([])).toBeUndefined();
  });
});
