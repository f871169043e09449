/** A CPU job: a function for the worker pool, and a message handler for plain worker threads. */
import { parentPort } from 'node:worker_threads';
import { isWorkerThread } from 'piscina';

/** @returns the largest prime below `limit`, by trial division */
export default function largestPrime(limit: number): number {
  let largest = 0;
  for (let candidate = 2; candidate < limit; candidate += 1) if (isPrime(candidate)) largest = candidate;
  return largest;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
    if (candidate % divisor === 0) return false;
  }
  return true;
}

if (!isWorkerThread)
  parentPort?.on('message', (limit: number) => parentPort?.postMessage(largestPrime(limit)));
