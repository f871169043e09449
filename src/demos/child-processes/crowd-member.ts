/** A thread or a child, whichever started it: says what memory it has, then sends pings back and counts primes. */
import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import { countPrimes } from '../work/primes.ts';
import { measureOwnMemory } from './own-memory.ts';

export interface MemberMessage {
  readonly ping?: number;
  readonly limit?: number;
}

function answer({ limit, ...rest }: MemberMessage): void {
  reply(limit === undefined ? rest : { primes: countPrimes(limit) });
}

function reply(message: object): void {
  if (parentPort === null) process.send?.(message);
  else parentPort.postMessage(message);
}

if (parentPort === null) {
  process.on('message', answer);
  process.once('disconnect', () => process.exit(0));
} else parentPort.on('message', answer);
reply(measureOwnMemory());
