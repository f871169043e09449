import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { readRunQueueWait } from '../../process/run-queue-wait.ts';

/** A reading of the event loop. */
export interface LoopSample {
  /** Without the time that the process waited for a CPU. */
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
/** The throughput is the mean over as many intervals. */
const MAX_INTERVALS = 5;
/** Fewer say little: the first requests are still waiting for something, or run code that is not compiled yet. */
const MIN_INTERVALS = 3;

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
  /** The latest samples since the event loop is saturated, and the one before; empty if it is not. */
  readonly #samples: LoopSample[] = [];
  #saturated = false;
  #capacityWithinMaxWait = Infinity;

  constructor(options: ThroughputOptions, first: LoopSample) {
    this.#options = options;
    this.#last = first;
  }

  /** Whether the event loop had no idle time in the last interval. */
  get saturated(): boolean {
    return this.#saturated;
  }

  /**
   * Requests that the worker completes in the longest time that a request may wait, at its throughput since it is
   * saturated; Infinity until that is known. If it is not saturated, the throughput is that of the load, and says nothing about more.
   */
  get capacityWithinMaxWait(): number {
    return this.#capacityWithinMaxWait;
  }

  /** @param someWait whether requests are queued; short iterations delay no request, however busy the event loop is */
  sample(sample: LoopSample, someWait: boolean): void {
    const { maxUtilization, longIterationMs, maxWaitMs } = this.#options;
    const before = this.#last;
    const passedMs = sample.at - before.at;
    const iterationMs = passedMs / Math.max(1, sample.iterations - before.iterations);
    this.#last = sample;
    // A sample that is more than an interval late was delayed by one long iteration, even if there was idle time before.
    const late = passedMs > 2 * SAMPLE_INTERVAL_MS;
    this.#saturated =
      (sample.utilization > maxUtilization && (iterationMs > longIterationMs || someWait)) ||
      (late && maxUtilization !== Infinity);
    if (!this.#saturated) this.#samples.length = 0;
    this.#capacityWithinMaxWait = this.#saturated ? this.#measure(before, sample) * maxWaitMs : Infinity;
  }

  /**
   * Not from a single interval: one that ends amid a long iteration counts requests that the iteration before worked on,
   * and would show several times the throughput.
   *
   * @returns requests completed per millisecond; Infinity if there are too few samples
   */
  #measure(before: LoopSample, latest: LoopSample): number {
    const samples = this.#samples;
    if (samples.length === 0) samples.push(before);
    if (samples.push(latest) > MAX_INTERVALS + 1) samples.shift();
    if (samples.length <= MIN_INTERVALS) return Infinity;
    const [first = before] = samples;
    return (latest.completed - first.completed) / (latest.at - first.at);
  }
}

/**
 * The time for which this process has waited for a CPU, in milliseconds. It is not what a worker can serve: while other
 * processes use the CPUs, requests are served late, but refusing some would not get the others a CPU.
 */
export function readStarvation(): number {
  return readRunQueueWait(process.pid) ?? 0;
}

/** @returns a function that samples this process's event loop, each time since the last call */
export function createLoopSampler(): (completed: number, starvedMs: number) => LoopSample {
  let before = performance.eventLoopUtilization();
  return (completed, starvedMs) => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const { loopCount } = performance.nodeTiming.uvMetricsInfo;
    return { at: performance.now() - starvedMs, iterations: loopCount, utilization, completed };
  };
}
