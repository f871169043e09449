import process from 'node:process';
import { collectGarbage } from './collect-garbage.ts';

/** A rise of more than this is believed only after a collection of everything. */
const DOUBTFUL_BYTES = 4_000_000;

export interface MemoryFelt {
  /** What was held before, in bytes: JavaScript's heap and the buffers beside it. */
  readonly beforeBytes: number;
  /** The most that was held beyond that. */
  readonly peakDeltaBytes: number;
  readonly samples: number;
}

/**
 * Watches the memory that is held: heap and buffers, after a collection of young garbage. It watches neither garbage,
 * which says when the collector ran and not what was needed, nor the resident set, which an allocator keeps when the
 * memory was freed, so that a second run would show less than the first.
 */
export class MemorySampler {
  readonly #before: number;
  readonly #timer: NodeJS.Timeout;
  #peak: number;
  #samples = 1;

  /** @param everyMs how often a timer looks; call `sample()` where memory is known to peak */
  constructor(everyMs = 20) {
    this.#before = held('major');
    this.#peak = this.#before;
    this.#timer = setInterval(() => this.sample(), everyMs);
  }

  sample(): void {
    this.#samples += 1;
    const young = held('minor');
    // Whatever was in use at two collections counts as old, and stays when it is garbage: a peak is looked at twice.
    const sure = young > this.#peak + DOUBTFUL_BYTES ? held('major') : young;
    this.#peak = Math.max(this.#peak, sure);
  }

  stop(): MemoryFelt {
    clearInterval(this.#timer);
    this.sample();
    return { beforeBytes: this.#before, peakDeltaBytes: this.#peak - this.#before, samples: this.#samples };
  }
}

function held(collect: 'minor' | 'major'): number {
  collectGarbage(collect);
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
