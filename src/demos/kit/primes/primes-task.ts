import { monotonicMs } from '../measure/monotonic.ts';
import { runPrimesJob, type PrimesResult } from './primes-job.ts';

export interface PooledPrimesResult extends PrimesResult {
  /** When its thread had started, by `monotonicMs()`. */
  readonly readyAt: number;
}

export interface PrimesTask {
  readonly limit: number;
}

/** When this thread could take its first job. */
const readyAt = monotonicMs();

/** The task of the worker pool. */
export default function runPrimes({ limit }: PrimesTask): PooledPrimesResult {
  return { ...runPrimesJob(limit), readyAt };
}
