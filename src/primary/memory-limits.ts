import { totalmem } from 'node:os';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Config } from '../config/core-variables.ts';

const MB = 1024 * 1024;

/** Of a worker's share of the memory: the rest is for buffers, code and threads. */
const HEAP_SHARE = 0.6;
/** A worker needs about as much even when it is idle. */
const MIN_HEAP_MB = 64;
/** Above this share a worker is recycled: while it drains, its replacement runs, too. */
const RSS_SHARE = 0.9;
/** A smaller worker is not recycled by default: its replacement would soon be as large. */
const MIN_RSS_MB = 200;

/**
 * The part of a container's memory (bytes) that each process may use so that together they stay within the limit.
 *
 * @param limit that of the cgroup; without one it is 0, or larger than the machine's memory
 * @returns undefined without a limit
 */
export function memoryShare(
  { WORKERS }: Pick<Config, 'WORKERS'>,
  limit = process.constrainedMemory(),
  total = totalmem(),
): number | undefined {
  return limit > 0 && limit < total ? limit / (WORKERS + 1) : undefined;
}

/** The resident memory (bytes) above which a worker is recycled; `Infinity`: never. */
export function maxRssBytes(
  config: Pick<Config, 'WORKERS' | 'WORKER_MAX_RSS_MB'>,
  share = memoryShare(config),
): number {
  const { WORKER_MAX_RSS_MB: chosen } = config;
  if (chosen !== 'auto') return chosen > 0 ? chosen * MB : Infinity;
  return share === undefined ? Infinity : Math.max(share * RSS_SHARE, MIN_RSS_MB * MB);
}

/**
 * The command-line options of a worker that limit its heap to its share of the memory. By default, V8 sizes the heap of
 * each process for the whole container.
 *
 * @param given the options of the primary; those that limit the heap stay in effect
 */
export function heapOptions(share: number | undefined, given: string): string[] {
  if (share === undefined || /--max[-_](old[-_]space|heap)[-_]size/.test(given)) return [];
  const usualMb = getHeapStatistics().heap_size_limit / MB;
  return [
    `--max-old-space-size=${Math.floor(Math.min(usualMb, Math.max(MIN_HEAP_MB, (share * HEAP_SHARE) / MB)))}`,
  ];
}
