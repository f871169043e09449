import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { countPrimes } from './primes.ts';

export interface PrimesTask {
  readonly limit: number;
}

export interface PrimesRun {
  readonly primes: number;
  /** When it began and ended, on a clock that all threads of a process share. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The memory of the thread's own heap. */
  readonly heapBytes: number;
}

/** The thread pool's program: counts primes and tells when it really ran. */
export default function runPrimes({ limit }: PrimesTask): PrimesRun {
  const startedAt = performance.timeOrigin + performance.now();
  const primes = countPrimes(limit);
  const endedAt = performance.timeOrigin + performance.now();
  const { total_physical_size: heap, malloced_memory: malloced } = getHeapStatistics();
  return { primes, startedAt, endedAt, heapBytes: heap + malloced };
}
