/**
 * Starts threads or children and measures them, in a process of its own whose memory nobody else changes meanwhile.
 * Prints one line of JSON.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { monotonicMs } from '../evidence/monotonic.ts';
import { measureOwnMemory, type OwnMemory } from './own-memory.ts';

export type CrowdKind = 'thread' | 'child';

export interface CrowdReport {
  /** By the monotonic clock, one for each member. */
  readonly starts: readonly { readonly from: number; readonly to: number }[];
  readonly memoryMeasured: OwnMemory['measured'];
  readonly memoryEachBytes: number;
  readonly messages: { readonly from: number; readonly to: number };
  readonly jobs: { readonly from: number; readonly to: number };
  readonly primes: readonly number[];
}

const [kind, members, rounds, limit] = process.argv.slice(2) as [CrowdKind, string, string, string];
const program = new URL('./crowd-member.ts', import.meta.url);

const before = measureOwnMemory();
const starts: { from: number; to: number }[] = [];
const crowd: (Worker | ChildProcess)[] = [];
let childBytes = 0;
while (crowd.length < Number(members)) {
  const from = monotonicMs();
  const member = kind === 'thread' ? new Worker(program) : fork(program);
  const said = (await next(member)) as OwnMemory;
  starts.push({ from, to: monotonicMs() });
  childBytes += said.bytes;
  crowd.push(member);
}
// Threads are part of this process, by the same measure.
const taken = kind === 'thread' ? measureOwnMemory().bytes - before.bytes : childBytes;

const [first] = crowd;
const messagesFrom = monotonicMs();
for (let ping = 1; first !== undefined && ping <= Number(rounds); ping += 1) await ask(first, { ping });
const messages = { from: messagesFrom, to: monotonicMs() };

const jobsFrom = monotonicMs();
const answers = (await Promise.all(crowd.map((member) => ask(member, { limit: Number(limit) })))) as {
  readonly primes: number;
}[];
const jobs = { from: jobsFrom, to: monotonicMs() };

const report: CrowdReport = {
  starts,
  memoryMeasured: before.measured,
  memoryEachBytes: Math.max(0, Math.round(taken / crowd.length)),
  messages,
  jobs,
  primes: answers.map(({ primes }) => primes),
};
process.stdout.write(JSON.stringify(report), () => process.exit(0)); // threads end with it, children when it is gone

function ask(member: Worker | ChildProcess, message: object): Promise<unknown> {
  const answered = next(member);
  if (member instanceof Worker) member.postMessage(message);
  else member.send(message);
  return answered;
}

async function next(member: Worker | ChildProcess): Promise<unknown> {
  const [message] = (await once(member, 'message')) as [unknown];
  return message;
}
