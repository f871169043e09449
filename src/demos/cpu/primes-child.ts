/** A child that counts primes below its argument and prints JSON or, with an IPC channel, below each message. */
import process from 'node:process';
import { measureOwnMemory } from '../kit/measure/own-memory.ts';
import { runPrimesJob, type PrimesResult } from '../kit/primes/primes-job.ts';

export interface ChildPrimesResult extends PrimesResult {
  readonly privateBytes: number;
}

function run(limit: number): ChildPrimesResult {
  return { ...runPrimesJob(limit), privateBytes: measureOwnMemory().bytes };
}

if (process.send === undefined) {
  process.stdout.write(JSON.stringify(run(Number(process.argv[2]))));
} else {
  process.on('message', (limit) => process.send?.(run(Number(limit))));
  // The parent is gone: no more jobs will arrive.
  process.once('disconnect', () => process.exit(0));
}
