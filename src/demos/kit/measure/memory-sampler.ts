import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { bytes, portion } from '../answer/units.ts';
import { collectGarbage } from './collect-garbage.ts';

/**
 * As fine as the memory of a process can be measured. A larger increase counts only after a major collection confirms it,
 * a smaller one may be garbage that a minor collection does not find.
 */
export const MEMORY_RESOLUTION_BYTES = 4_000_000;
/** A share of something smaller says nothing about memory. */
const MIN_WHOLE_BYTES = 1_000_000;
/** Collections take this share of the time at most, so that they do not slow down what is measured. */
const MAX_SHARE = 0.1;

export interface MemoryPeak {
  /** Memory in use at the start, in bytes: the JavaScript heap and the buffers outside it. */
  readonly beforeBytes: number;
  /** The most that was in use in addition to that. Below `MEMORY_RESOLUTION_BYTES` it may be anything from 0 up. */
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
  readonly #everyMs: number;
  #peak: number;
  #samples = 1;
  #dueAt = 0;

  /** @param everyMs the shortest interval of the samples that are taken by a timer or `sampleIfDue` */
  constructor(everyMs = 20) {
    this.#everyMs = everyMs;
    this.#before = bytesInUse('major');
    this.#peak = this.#before;
    this.#timer = setInterval(() => this.sampleIfDue(), everyMs);
  }

  /** Call it where the peak is known: before the memory is released. */
  sample(): void {
    const startedAt = performance.now();
    this.#samples += 1;
    const estimate = bytesInUse('minor');
    // Objects that survived two minor collections are old, and a minor collection does not free them.
    const confirmed = estimate > this.#peak + MEMORY_RESOLUTION_BYTES ? bytesInUse('major') : estimate;
    this.#peak = Math.max(this.#peak, confirmed);
    const now = performance.now();
    this.#dueAt = now + Math.max(this.#everyMs, (now - startedAt) / MAX_SHARE);
  }

  /** Call it for every chunk: it samples only if the last sample is long enough ago. */
  sampleIfDue(): void {
    if (performance.now() >= this.#dueAt) this.sample();
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

interface Whole {
  readonly bytes: number;
  /** "the file size" */
  readonly name: string;
}

/**
 * A peak as people should read it: "at most 24.3 MB, 49% of the file size", or "less than 4.0 MB (the resolution of the
 * measurement)".
 */
export function describePeak(peakBytes: number, whole?: Whole): string {
  if (peakBytes < MEMORY_RESOLUTION_BYTES)
    return `less than ${bytes(MEMORY_RESOLUTION_BYTES)} (the resolution of the measurement)`;
  const share =
    whole === undefined || whole.bytes < MIN_WHOLE_BYTES
      ? ''
      : `, ${portion(peakBytes / whole.bytes, whole.name)}`;
  return `at most ${bytes(peakBytes)}${share}`;
}
