import { getHeapStatistics } from 'node:v8';
import { monotonicMs } from '../measure/monotonic.ts';
import { countPrimes } from './primes.ts';

export interface PrimesResult {
  readonly primes: number;
  /** By `monotonicMs()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The V8 heap of the thread, with what V8 allocates outside it. */
  readonly heapBytes: number;
}

/** The job of a thread or a child process: counts primes, and reports when it ran and how large its heap is. */
export function runPrimesJob(limit: number): PrimesResult {
  const startedAt = monotonicMs();
  const primes = countPrimes(limit);
  const endedAt = monotonicMs();
  const { total_physical_size: heap, malloced_memory: malloced } = getHeapStatistics();
  return { primes, startedAt, endedAt, heapBytes: heap + malloced };
}
