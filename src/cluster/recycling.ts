import type { Config } from '../config/variables.ts';
import type { WorkerReport } from './messages.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** Heartbeats over the heap limit after which a worker is recycled: one collection may still bring it down. */
const HEAP_STRIKES = 2;
/** Share of V8's own heap limit above which a worker is recycled in any case. */
const HEAP_LIMIT_SHARE = 0.85;

/** Tells from a worker's reports when it has had its time. */
export class Recycling {
  readonly #heapStrikes = new WeakMap<object, number>();

  /** @returns why a worker should be recycled; undefined where it may go on */
  reasonFor(
    worker: Pick<WorkerHandle, 'slot' | 'livedMs'>,
    { vitals }: WorkerReport,
    { WORKER_MAX_HEAP_MB, WORKER_MAX_AGE_S }: Pick<Config, 'WORKER_MAX_HEAP_MB' | 'WORKER_MAX_AGE_S'>,
  ): string | undefined {
    const ownLimit = WORKER_MAX_HEAP_MB > 0 ? WORKER_MAX_HEAP_MB * 1024 * 1024 : Infinity;
    // Near the limit of V8 it would soon die of it, with all requests that it has.
    const maxHeapBytes = Math.min(ownLimit, vitals.heapLimitBytes * HEAP_LIMIT_SHARE);
    const tooLarge = vitals.heapUsedBytes > maxHeapBytes;
    const strikes = tooLarge ? (this.#heapStrikes.get(worker) ?? 0) + 1 : 0;
    this.#heapStrikes.set(worker, strikes);
    if (strikes >= HEAP_STRIKES) return `its heap is over ${Math.round(maxHeapBytes / 1024 / 1024)} MB`;
    const tooOld = WORKER_MAX_AGE_S > 0 && worker.livedMs > spreadAge(worker.slot, WORKER_MAX_AGE_S) * 1000;
    return tooOld ? `it is older than ${WORKER_MAX_AGE_S} s` : undefined;
  }
}

/** Ages are spread by a quarter over the places, so that workers that started together do not leave together. */
function spreadAge(slot: number, maxAgeS: number): number {
  return maxAgeS * (1 - ((slot * 0.618_034) % 1) / 4);
}
