/** A thread that counts primes once. */
import { parentPort, workerData } from 'node:worker_threads';
import { runPrimesJob } from '../kit/primes/primes-job.ts';

parentPort?.postMessage(runPrimesJob((workerData as { readonly limit: number }).limit));
