import { describe, expect, test } from '@jest/globals';
import {
  SAMPLE_INTERVAL_MS,
  ThroughputMeter,
  type LoopSample,
} from '../../../src/layers/overload/throughput.ts';

const options = { maxWaitMs: 500, maxUtilization: 0.98, longIterationMs: 5 };
const first: LoopSample = { at: 0, iterations: 0, utilization: 0, completed: 0 };
/** A sample of an event loop without idle time, in iterations of 50 ms. */
const busy: LoopSample = { at: SAMPLE_INTERVAL_MS, iterations: 2, utilization: 1, completed: 0 };

/** Whether an event loop is saturated after one sample: a busy one, but for the given values. */
function isSaturated(values: Partial<LoopSample>, { someWait = false, maxUtilization = 0.98 } = {}): boolean {
  const meter = new ThroughputMeter({ ...options, maxUtilization }, first);
  meter.sample({ ...busy, ...values }, someWait);
  return meter.saturated;
}

describe('the throughput meter', () => {
  test('reports a busy event loop with long iterations as saturated', () => {
    expect(isSaturated({})).toBe(true);
    expect(isSaturated({ utilization: 0.97 })).toBe(false);
  });

  test('reports a busy event loop with short iterations as saturated only if requests wait', () => {
    expect(isSaturated({ iterations: 50 })).toBe(false);
    expect(isSaturated({ iterations: 50 }, { someWait: true })).toBe(true);
  });

  test('reports saturation after one long iteration, even with idle time before it', () => {
    expect(isSaturated({ at: 3 * SAMPLE_INTERVAL_MS, utilization: 0.5 })).toBe(true);
  });

  test('never reports saturation with an infinite maximum utilization', () => {
    expect(isSaturated({ at: 3 * SAMPLE_INTERVAL_MS }, { maxUtilization: Infinity })).toBe(false);
  });

  test('reports the end of saturation with the first sample that has idle time', () => {
    const meter = new ThroughputMeter(options, first);
    meter.sample(busy, false);
    meter.sample({ at: 2 * SAMPLE_INTERVAL_MS, iterations: 20, utilization: 0.5, completed: 0 }, false);
    expect(meter.saturated).toBe(false);
  });

  /** Its capacity after each interval, of which the first has idle time. */
  function measure(completedPerInterval: readonly number[]): number[] {
    const meter = new ThroughputMeter(options, first);
    let completed = 0;
    return completedPerInterval.map((count, index) => {
      completed += count;
      const at = (index + 1) * SAMPLE_INTERVAL_MS;
      meter.sample({ at, iterations: 2 * (index + 1), utilization: index === 0 ? 0.5 : 1, completed }, false);
      return meter.capacityWithinMaxWait;
    });
  }

  test('measures the requests completed in the longest wait since it is saturated, over three to five intervals', () => {
    expect(measure([20, 20, 20, 20, 20, 20, 0, 0, 0, 0, 0])).toEqual([
      ...[Infinity, Infinity, Infinity],
      ...[100, 100, 100, 80, 60, 40, 20, 0],
    ]);
  });

  test('is not misled by an interval with the requests of an iteration before', () => {
    expect(measure([0, 0, 40, 0, 40, 0]).slice(3)).toEqual([200 / 3, 100, 80]);
  });

  test('knows no limit as long as the event loop has idle time', () => {
    const meter = new ThroughputMeter(options, first);
    expect(meter.capacityWithinMaxWait).toBe(Infinity);
    meter.sample(busy, false);
    meter.sample({ at: 2 * SAMPLE_INTERVAL_MS, iterations: 20, utilization: 0.5, completed: 1 }, false);
    expect(meter.capacityWithinMaxWait).toBe(Infinity);
  });
});
