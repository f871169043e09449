import type { Config } from '../config/core-variables.ts';
import type { WorkerReport } from '../supervision/supervision.ts';
import { maxRssBytes } from './memory-limits.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** Heartbeats above a memory limit before a worker is recycled: one garbage collection may still free enough. */
const MEMORY_STRIKES = 2;
/** Share of V8's own heap limit above which every worker is recycled. */
const HEAP_LIMIT_SHARE = 0.85;

/** Decides from a worker's reports when it is recycled. */
export class Recycling {
  readonly #memoryStrikes = new WeakMap<object, number>();

  /** @returns why the worker should be recycled; undefined if it may go on */
  reasonFor(
    worker: Pick<WorkerHandle, 'slot' | 'uptimeMs'>,
    { vitals }: WorkerReport,
    config: Pick<Config, 'WORKERS' | 'WORKER_MAX_HEAP_MB' | 'WORKER_MAX_RSS_MB' | 'WORKER_MAX_AGE_S'>,
  ): string | undefined {
    const { WORKER_MAX_HEAP_MB, WORKER_MAX_AGE_S } = config;
    const ownLimit = WORKER_MAX_HEAP_MB > 0 ? WORKER_MAX_HEAP_MB * 1024 * 1024 : Infinity;
    // At V8's limit the process would abort and lose all its requests.
    const maxHeapBytes = Math.min(ownLimit, vitals.heapLimitBytes * HEAP_LIMIT_SHARE);
    const maxRss = maxRssBytes(config);
    const heapTooLarge = vitals.heapUsedBytes > maxHeapBytes;
    const tooLarge = heapTooLarge || vitals.rssBytes > maxRss;
    const strikes = tooLarge ? (this.#memoryStrikes.get(worker) ?? 0) + 1 : 0;
    this.#memoryStrikes.set(worker, strikes);
    if (strikes >= MEMORY_STRIKES) {
      return heapTooLarge
        ? `heap above ${toMb(maxHeapBytes)} MB`
        : `resident memory above ${toMb(maxRss)} MB`;
    }
    const tooOld = WORKER_MAX_AGE_S > 0 && worker.uptimeMs > spreadAge(worker.slot, WORKER_MAX_AGE_S) * 1000;
    return tooOld ? `older than ${WORKER_MAX_AGE_S} s` : undefined;
  }
}

function toMb(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

/** Spreads the maximum age over a quarter of it by slot: workers that started together are not recycled together. */
function spreadAge(slot: number, maxAgeS: number): number {
  return maxAgeS * (1 - ((slot * 0.618_034) % 1) / 4);
}
