import { describe, expect, test } from '@jest/globals';
import { LOOK_EVERY_MS, Pace, type Reading } from '../../src/http/pace.ts';

const first: Reading = { at: 0, turns: 0, utilization: 0, finished: 0 };
const options = { maxWaitMs: 500, maxUtilization: 0.98, longTurnMs: 5 };
/** A look at a worker that was as busy as it can be, in turns of 50 ms. */
const busy: Reading = { at: LOOK_EVERY_MS, turns: 2, utilization: 1, finished: 0 };

function isSaturated(reading: Partial<Reading>, { someWait = false, maxUtilization = 0.98 } = {}): boolean {
  const pace = new Pace({ ...options, maxUtilization }, first);
  pace.look({ ...busy, ...reading }, someWait);
  return pace.saturated;
}

describe('the pace of a worker', () => {
  test('is that of one without pauses where it is busy in long turns', () => {
    expect(isSaturated({})).toBe(true);
    expect(isSaturated({ utilization: 0.97 })).toBe(false);
  });

  test('leaves nobody waiting for short turns, however busy it is, unless some wait already', () => {
    expect(isSaturated({ turns: 50 })).toBe(false);
    expect(isSaturated({ turns: 50 }, { someWait: true })).toBe(true);
  });

  test('is that of one without pauses after one long turn, though there were pauses before it', () => {
    expect(isSaturated({ at: 3 * LOOK_EVERY_MS, utilization: 0.5 })).toBe(true);
  });

  test('is never that of one without pauses where it is told not to look', () => {
    expect(isSaturated({ at: 3 * LOOK_EVERY_MS }, { maxUtilization: Infinity })).toBe(false);
  });

  test('has pauses again as soon as it is seen to have some', () => {
    const pace = new Pace(options, first);
    pace.look(busy, false);
    pace.look({ at: 2 * LOOK_EVERY_MS, turns: 20, utilization: 0.5, finished: 0 }, false);
    expect(pace.saturated).toBe(false);
  });

  test('counts what is finished in the time that one may wait, over five looks', () => {
    const pace = new Pace(options, first);
    const counted: number[] = [];
    for (let look = 1; look <= 10; look += 1) {
      const finished = look <= 5 ? look * 20 : 100; // 100 in the first 500 ms, none in the next
      pace.look({ at: look * LOOK_EVERY_MS, turns: look * 20, utilization: 0.5, finished }, false);
      counted.push(pace.perWait);
    }
    expect(counted).toEqual([0, 0, 0, 0, 100, 100, 100, 100, 100, 0]);
  });
});
