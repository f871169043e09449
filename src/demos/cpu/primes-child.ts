/** A child that counts primes below its argument and prints JSON or, with an IPC channel, below each message. */
import process from 'node:process';
import { runPrimesJob } from '../kit/primes/primes-job.ts';

if (process.send === undefined) {
  process.stdout.write(JSON.stringify(runPrimesJob(Number(process.argv[2]))));
} else {
  process.on('message', (limit) => process.send?.(runPrimesJob(Number(limit))));
  // The parent is gone: no more jobs will arrive.
  process.once('disconnect', () => process.exit(0));
}
