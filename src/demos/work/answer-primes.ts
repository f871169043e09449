/** The job for a thread or a program of its own: counts primes, and says when it really ran and what memory was taken for it. */
import { getHeapStatistics } from 'node:v8';
import { monotonicMs } from '../evidence/monotonic.ts';
import { countPrimes } from './primes.ts';

export interface PrimesAnswer {
  readonly primes: number;
  /** By the monotonic clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

export function answerPrimes(limit: number): PrimesAnswer {
  const startedAt = monotonicMs();
  const primes = countPrimes(limit);
  const endedAt = monotonicMs();
  const { total_physical_size: heap, malloced_memory: malloced } = getHeapStatistics();
  return { primes, startedAt, endedAt, heapBytes: heap + malloced, rssBytes: process.memoryUsage.rss() };
}
