/**
 * Starts threads or child processes and measures them, in a process of its own so that nothing else changes its memory.
 * Prints one line of JSON.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { median } from '../../shared/statistics.ts';
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
  /** The rounds; in each, all members run the job at once. */
  readonly jobs: readonly Interval[];
  /** CPU time of a job, in milliseconds: the median. */
  readonly jobCpuMs: number;
  /** One per job. */
  readonly primes: readonly number[];
}

interface JobReply {
  readonly primes: number;
  readonly cpuMs: number;
}

const JOB_ROUNDS = Number(process.argv[6]);

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

const jobs: Interval[] = [];
const replies: JobReply[] = [];
while (jobs.length < JOB_ROUNDS) {
  const from = monotonicMs();
  const replied = await Promise.all(members.map((member) => request(member, { limit: Number(limit) })));
  jobs.push({ from, to: monotonicMs() });
  replies.push(...(replied as JobReply[]));
}

const report: BenchmarkReport = {
  starts,
  memoryMeasured: before.measured,
  memoryEachBytes: Math.max(0, Math.round(usedBytes / members.length)),
  messages,
  jobs,
  jobCpuMs: median(replies.map(({ cpuMs }) => cpuMs)),
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
