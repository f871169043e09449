/** A thread or a child, whichever started it: says what memory it has, then sends pings back and counts primes. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import { countPrimes } from '../work/primes.ts';

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

/** What belongs to this process alone; its resident set holds pages of the program that all of them share. */
function privateBytes(): number {
  try {
    const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
    const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map(([, kb]) =>
      Number(kb),
    );
    return 1024 * kilobytes.reduce((sum, each) => sum + each, 0);
  } catch {
    return process.memoryUsage.rss(); // not Linux
  }
}

if (parentPort === null) {
  process.on('message', answer);
  process.once('disconnect', () => process.exit(0));
} else parentPort.on('message', answer);
reply({ privateBytes: privateBytes() });
