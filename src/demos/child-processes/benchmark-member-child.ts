/** Runs as a thread or as a child: reports its memory, then returns pings and counts primes. */
import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import { countPrimes } from '../kit/primes/primes.ts';
import { measureOwnMemory } from '../kit/measure/own-memory.ts';

interface MemberMessage {
  readonly ping?: number;
  readonly limit?: number;
}

if (parentPort === null) {
  process.on('message', respond);
  process.once('disconnect', () => process.exit(0));
} else parentPort.on('message', respond);
send(measureOwnMemory());

function respond({ limit, ...ping }: MemberMessage): void {
  if (limit === undefined) {
    send(ping);
    return;
  }
  const before = process.threadCpuUsage();
  const primes = countPrimes(limit);
  const { user, system } = process.threadCpuUsage(before);
  send({ primes, cpuMs: (user + system) / 1000 });
}

function send(message: object): void {
  if (parentPort === null) process.send?.(message);
  else parentPort.postMessage(message);
}
