/** A thread for one small job: counts primes and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { countPrimes } from '../kit/primes/primes.ts';

parentPort?.postMessage(countPrimes((workerData as { readonly limit: number }).limit));
