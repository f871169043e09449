/** A thread that counts primes once. With `stay` it does not end by itself, so that its memory can be measured. */
import { parentPort, workerData } from 'node:worker_threads';
import { runPrimesJob } from '../kit/primes/primes-job.ts';

const { limit, stay = false } = workerData as { readonly limit: number; readonly stay?: boolean };
if (stay) parentPort?.on('message', () => undefined);
parentPort?.postMessage(runPrimesJob(limit));
