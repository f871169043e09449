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

  test('measures the requests completed in the longest wait since it is saturated, by the best of three to five samples', () => {
    const meter = new ThroughputMeter(options, first);
    const capacities = Array.from({ length: 10 }, (_, index) => {
      const sample = index + 1;
      // Busy after the first sample; 20 requests per sample until the fifth one, none in the next.
      const completed = Math.min(sample, 5) * 20;
      const utilization = sample === 1 ? 0.5 : 1;
      meter.sample(
        { at: sample * SAMPLE_INTERVAL_MS, iterations: sample * 2, utilization, completed },
        false,
      );
      return meter.capacityWithinMaxWait;
    });
    expect(capacities).toEqual([Infinity, Infinity, Infinity, 100, 100, 100, 100, 100, 100, 0]);
  });

  test('knows no limit as long as the event loop has idle time', () => {
    const meter = new ThroughputMeter(options, first);
    expect(meter.capacityWithinMaxWait).toBe(Infinity);
    meter.sample(busy, false);
    meter.sample({ at: 2 * SAMPLE_INTERVAL_MS, iterations: 20, utilization: 0.5, completed: 1 }, false);
    expect(meter.capacityWithinMaxWait).toBe(Infinity);
  });
});
