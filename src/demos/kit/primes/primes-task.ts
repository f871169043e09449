import { runPrimesJob, type PrimesResult } from './primes-job.ts';

export interface PrimesTask {
  readonly limit: number;
}

/** The task of the worker pool. */
export default function runPrimes({ limit }: PrimesTask): PrimesResult {
  return runPrimesJob(limit);
}
