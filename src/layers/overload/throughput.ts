import { performance } from 'node:perf_hooks';

/** A reading of the event loop. */
export interface LoopSample {
  readonly at: number;
  /** Iterations of the event loop since it started. */
  readonly iterations: number;
  /** Share of the time since the previous sample in which the event loop was busy, 0 to 1. */
  readonly utilization: number;
  /** Requests completed since the start. */
  readonly completed: number;
}

/** Sampling interval: overload is noticed at most this late. */
export const SAMPLE_INTERVAL_MS = 100;
/** Samples per measurement of the throughput. */
const SAMPLES_PER_MEASUREMENT = 5;

interface ThroughputOptions {
  readonly maxWaitMs: number;
  /** Above it, more concurrency does not help; 0 to 1. Infinity: never saturated. */
  readonly maxUtilization: number;
  /** A longer iteration of the event loop delays other requests. */
  readonly longIterationMs: number;
}

/** Measures a worker's throughput and whether its event loop is saturated. */
export class ThroughputMeter {
  readonly #options: ThroughputOptions;
  #last: LoopSample;
  #measuredFrom: LoopSample;
  #samples = 0;
  #saturated = false;
  #capacityWithinMaxWait = 0;

  constructor(options: ThroughputOptions, first: LoopSample) {
    this.#options = options;
    this.#last = first;
    this.#measuredFrom = first;
  }

  /** Whether the event loop had no idle time in the last interval. */
  get saturated(): boolean {
    return this.#saturated;
  }

  /** Requests that the worker completes in the longest time that a request may wait. */
  get capacityWithinMaxWait(): number {
    return this.#capacityWithinMaxWait;
  }

  /** @param someWait whether requests are queued; short iterations delay no request, however busy the event loop is */
  sample(sample: LoopSample, someWait: boolean): void {
    const { maxUtilization, longIterationMs, maxWaitMs } = this.#options;
    const passedMs = sample.at - this.#last.at;
    const iterationMs = passedMs / Math.max(1, sample.iterations - this.#last.iterations);
    this.#last = sample;
    // A sample that is more than an interval late was delayed by one long iteration, even if there was idle time before.
    const late = passedMs > 2 * SAMPLE_INTERVAL_MS;
    this.#saturated =
      (sample.utilization > maxUtilization && (iterationMs > longIterationMs || someWait)) ||
      (late && maxUtilization !== Infinity);
    this.#samples += 1;
    if (this.#samples % SAMPLES_PER_MEASUREMENT !== 0) return;
    const completed = sample.completed - this.#measuredFrom.completed;
    this.#capacityWithinMaxWait = (completed / (sample.at - this.#measuredFrom.at)) * maxWaitMs;
    this.#measuredFrom = sample;
  }
}

/** @returns a function that samples this process's event loop, each time since the last call */
export function createLoopSampler(): (completed: number) => LoopSample {
  let before = performance.eventLoopUtilization();
  return (completed) => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const { loopCount } = performance.nodeTiming.uvMetricsInfo;
    return { at: performance.now(), iterations: loopCount, utilization, completed };
  };
}
