/**
 * Starts threads or child processes and measures them, in a process of its own so that nothing else changes its memory.
 * Prints one line of JSON.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { measureOwnMemory, type OwnMemory } from '../kit/measure/own-memory.ts';

export type MemberKind = 'thread' | 'child';

/** By the monotonic clock, in milliseconds. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export interface BenchmarkReport {
  /** One per member. */
  readonly starts: readonly Interval[];
  readonly memoryMeasured: OwnMemory['measured'];
  readonly memoryEachBytes: number;
  readonly messages: Interval;
  readonly jobs: Interval;
  /** One per member. */
  readonly primes: readonly number[];
}

const [kind, size, rounds, limit] = process.argv.slice(2) as [MemberKind, string, string, string];
const program = new URL('./benchmark-member-child.ts', import.meta.url);

const before = measureOwnMemory();
const starts: Interval[] = [];
const members: (Worker | ChildProcess)[] = [];
let childBytes = 0;
while (members.length < Number(size)) {
  const from = monotonicMs();
  const member = kind === 'thread' ? new Worker(program) : fork(program);
  const memory = (await nextMessage(member)) as OwnMemory;
  starts.push({ from, to: monotonicMs() });
  childBytes += memory.bytes;
  members.push(member);
}
// Threads belong to this process: the growth of its memory is theirs.
const usedBytes = kind === 'thread' ? measureOwnMemory().bytes - before.bytes : childBytes;

const [first] = members;
const messagesFrom = monotonicMs();
for (let ping = 1; first !== undefined && ping <= Number(rounds); ping += 1) await request(first, { ping });
const messages = { from: messagesFrom, to: monotonicMs() };

const jobsFrom = monotonicMs();
const replies = (await Promise.all(members.map((member) => request(member, { limit: Number(limit) })))) as {
  readonly primes: number;
}[];
const jobs = { from: jobsFrom, to: monotonicMs() };

const report: BenchmarkReport = {
  starts,
  memoryMeasured: before.measured,
  memoryEachBytes: Math.max(0, Math.round(usedBytes / members.length)),
  messages,
  jobs,
  primes: replies.map(({ primes }) => primes),
};
process.stdout.write(JSON.stringify(report), () => process.exit(0)); // ends threads, and children by their 'disconnect'

function request(member: Worker | ChildProcess, message: object): Promise<unknown> {
  const response = nextMessage(member);
  if (member instanceof Worker) member.postMessage(message);
  else member.send(message);
  return response;
}

async function nextMessage(member: Worker | ChildProcess): Promise<unknown> {
  const [message] = (await once(member, 'message')) as [unknown];
  return message;
}
