/** A thread that counts primes once. */
import { parentPort, workerData } from 'node:worker_threads';
import { answerPrimes } from '../work/answer-primes.ts';

parentPort?.postMessage(answerPrimes((workerData as { readonly limit: number }).limit));
