import process from 'node:process';
import { collectGarbage } from './collect-garbage.ts';

/** A larger increase counts only after a major collection confirms it. */
const CONFIRM_BYTES = 4_000_000;

export interface MemoryPeak {
  /** Memory in use at the start, in bytes: the JavaScript heap and the buffers outside it. */
  readonly beforeBytes: number;
  /** The most that was in use in addition to that. */
  readonly peakDeltaBytes: number;
  readonly samples: number;
}

/**
 * Samples the memory in use: heap and buffers after a minor collection. Garbage is excluded because its amount depends
 * on when the collector ran. The resident set would not do: the allocator keeps freed memory, so a second run would
 * show less than the first.
 */
export class MemorySampler {
  readonly #before: number;
  readonly #timer: NodeJS.Timeout;
  #peak: number;
  #samples = 1;

  /** @param everyMs the interval of a timer; call `sample()` at a known peak */
  constructor(everyMs = 20) {
    this.#before = bytesInUse('major');
    this.#peak = this.#before;
    this.#timer = setInterval(() => this.sample(), everyMs);
  }

  sample(): void {
    this.#samples += 1;
    const estimate = bytesInUse('minor');
    // Objects that survived two minor collections are old, and a minor collection does not free them.
    const confirmed = estimate > this.#peak + CONFIRM_BYTES ? bytesInUse('major') : estimate;
    this.#peak = Math.max(this.#peak, confirmed);
  }

  stop(): MemoryPeak {
    clearInterval(this.#timer);
    this.sample();
    return { beforeBytes: this.#before, peakDeltaBytes: this.#peak - this.#before, samples: this.#samples };
  }
}

function bytesInUse(collection: 'minor' | 'major'): number {
  collectGarbage(collection);
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
