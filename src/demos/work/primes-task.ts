import { answerPrimes, type PrimesAnswer } from './answer-primes.ts';

export interface PrimesTask {
  readonly limit: number;
}

/** The thread pool's program. */
export default function runPrimes({ limit }: PrimesTask): PrimesAnswer {
  return answerPrimes(limit);
}
