import type { Config } from '../config/core-variables.ts';
import type { WorkerReport } from '../supervision/supervision.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** Heartbeats above the heap limit before a worker is recycled: one garbage collection may still free enough. */
const HEAP_STRIKES = 2;
/** Share of V8's own heap limit above which every worker is recycled. */
const HEAP_LIMIT_SHARE = 0.85;

/** Decides from a worker's reports when it is recycled. */
export class Recycling {
  readonly #heapStrikes = new WeakMap<object, number>();

  /** @returns why the worker should be recycled; undefined if it may go on */
  reasonFor(
    worker: Pick<WorkerHandle, 'slot' | 'uptimeMs'>,
    { vitals }: WorkerReport,
    { WORKER_MAX_HEAP_MB, WORKER_MAX_AGE_S }: Pick<Config, 'WORKER_MAX_HEAP_MB' | 'WORKER_MAX_AGE_S'>,
  ): string | undefined {
    const ownLimit = WORKER_MAX_HEAP_MB > 0 ? WORKER_MAX_HEAP_MB * 1024 * 1024 : Infinity;
    // At V8's limit the process would abort and lose all its requests.
    const maxHeapBytes = Math.min(ownLimit, vitals.heapLimitBytes * HEAP_LIMIT_SHARE);
    const tooLarge = vitals.heapUsedBytes > maxHeapBytes;
    const strikes = tooLarge ? (this.#heapStrikes.get(worker) ?? 0) + 1 : 0;
    this.#heapStrikes.set(worker, strikes);
    if (strikes >= HEAP_STRIKES) return `heap above ${Math.round(maxHeapBytes / 1024 / 1024)} MB`;
    const tooOld = WORKER_MAX_AGE_S > 0 && worker.uptimeMs > spreadAge(worker.slot, WORKER_MAX_AGE_S) * 1000;
    return tooOld ? `older than ${WORKER_MAX_AGE_S} s` : undefined;
  }
}

/** Spreads the maximum age over a quarter of it by slot: workers that started together are not recycled together. */
function spreadAge(slot: number, maxAgeS: number): number {
  return maxAgeS * (1 - ((slot * 0.618_034) % 1) / 4);
}
