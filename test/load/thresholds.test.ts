import { describe, expect, test } from '@jest/globals';
import type { Threshold } from './scenario.ts';
import { judge } from './thresholds.ts';

const run = { variants: [] };
const full = { short: false, busy: false };
const brief = { short: true, busy: false };
const threshold = (measured: number | undefined, bounds: Partial<Threshold>): Threshold => ({
  what: 'a figure',
  unit: 'times',
  measure: () => measured,
  ...bounds,
});

describe('a threshold', () => {
  test('holds at its bound but not beyond it', () => {
    const holds = (measured: number, bounds: Partial<Threshold>) =>
      judge(threshold(measured, bounds), run, full).holds;
    expect([19.9, 20, 21].map((measured) => holds(measured, { atLeast: 20 }))).toEqual([false, true, true]);
    expect([0, 1].map((measured) => holds(measured, { atMost: 0 }))).toEqual([true, false]);
    expect(holds(Infinity, { atLeast: 20 })).toBe(true);
  });

  test('uses its short bound, if it has one, for a short run', () => {
    const loose = threshold(3, { atLeast: 20, short: 2 });
    expect(judge(loose, run, full)).toMatchObject({ holds: false, bound: 'at least 20×' });
    expect(judge(loose, run, brief)).toMatchObject({ holds: true, bound: 'at least 2×' });
    expect(judge(threshold(1, { atMost: 0, unit: 'count' }), run, brief).holds).toBe(false);
  });

  test('is not judged if a ratio fails in a short run on a busy machine, but a count or a full run is', () => {
    const judged = (bounds: Partial<Threshold>, short: boolean) =>
      judge(threshold(3, bounds), run, { short, busy: true }).holds;
    expect(judged({ atLeast: 20 }, true)).toBeNull();
    expect(judged({ atLeast: 2 }, true)).toBe(true);
    expect(judged({ atMost: 0, unit: 'count' }, true)).toBe(false);
    expect(judged({ atLeast: 20 }, false)).toBe(false);
  });

  test('is not judged if its figure was not measured', () => {
    expect(judge(threshold(undefined, { atLeast: 1 }), run, full)).toMatchObject({
      holds: null,
      measured: 'not measured',
    });
    expect(judge(threshold(NaN, { atLeast: 1 }), run, full).holds).toBeNull();
  });
});
