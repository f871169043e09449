/** Runs the job on several threads and prints the private memory that each adds to this process, which does nothing else. */
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { measureOwnMemory } from '../kit/measure/own-memory.ts';

const THREADS = 4;

const program = new URL('./primes-thread.ts', import.meta.url);
const data = { limit: Number(process.argv[2]), stay: true };
const before = measureOwnMemory();
for (let started = 0; started < THREADS; started += 1) {
  await once(new Worker(program, { workerData: data }), 'message');
}
const bytes = Math.max(0, Math.round((measureOwnMemory().bytes - before.bytes) / THREADS));
process.stdout.write(JSON.stringify({ bytes }), () => process.exit(0)); // the threads wait for messages
