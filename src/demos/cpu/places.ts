/** The places where the job can run. Each function returns the times of its steps by the monotonic clock. */
import type { DemoCall } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import type { PrimesResult } from '../kit/primes/primes-job.ts';
import { countPrimes, countPrimesInSlices } from '../kit/primes/primes.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import { nextChildMessage, readOutput, withChild } from '../kit/resources/with-child.ts';
import type { ChildPrimesResult } from './primes-child.ts';

const threadProgram = new URL('./primes-thread.ts', import.meta.url);
const childProgram = new URL('./primes-child.ts', import.meta.url);

export interface Job extends Pick<DemoCall<never, never, never>, 'signal' | 'resources'> {
  readonly limit: number;
  /** How long a slice may block the event loop; only `chunked` divides the job. */
  readonly sliceMs: number;
}

interface PlaceRun {
  readonly primes: number;
  /** When there was room for the job. */
  readonly admittedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** When its result was received. */
  readonly receivedAt: number;
  /** Whether a thread or process started while it waited: that part of the wait is startup, not queueing. */
  readonly newlyStarted: boolean;
  /** When it had started, if that was before the job began: after that, the job waited for others. */
  readonly readyAt?: number;
  /** The heap of a new thread. */
  readonly heapBytes?: number;
  /** The memory that a child shares with no other process. */
  readonly privateBytes?: number;
  /** How long the call that started a process blocked the event loop. */
  readonly callMs?: number;
  readonly slices?: number;
  readonly nextJobMs?: number;
}

export const places = {
  inline: { lane: 'event loop', run: runInline },
  chunked: { lane: 'event loop', run: runChunked },
  thread: { lane: 'own thread', run: runOnThread },
  'thread-pool': { lane: 'pool', run: runOnPool },
  child: { lane: 'child', run: runInChild },
  fork: { lane: 'forked child', run: runInFork },
} as const satisfies Record<string, { lane: string; run: (job: Job) => Promise<PlaceRun> }>;

export type PlaceName = keyof typeof places;

async function runInline({ limit }: Job): Promise<PlaceRun> {
  const startedAt = monotonicMs();
  const primes = countPrimes(limit);
  return localRun(primes, startedAt, monotonicMs());
}

async function runChunked({ limit, sliceMs, signal }: Job): Promise<PlaceRun> {
  const startedAt = monotonicMs();
  let endedAt = startedAt;
  const { primes, slices } = await countPrimesInSlices(limit, sliceMs, signal, () => {
    endedAt = monotonicMs();
  });
  return { ...localRun(primes, startedAt, endedAt), slices };
}

function localRun(primes: number, startedAt: number, endedAt: number): PlaceRun {
  const times = { admittedAt: startedAt, startedAt, endedAt, receivedAt: endedAt };
  return { primes, ...times, newlyStarted: false };
}

function runOnThread({ limit, signal, resources }: Job): Promise<PlaceRun> {
  return resources.budgets.threads.use(1, signal, () => {
    const admittedAt = monotonicMs();
    return resources.threads.run(threadProgram, { data: { limit }, signal }, async (thread) => {
      const { message: result } = await nextMessage<PrimesResult>(thread);
      return { ...remoteRun(result, admittedAt), heapBytes: result.heapBytes };
    });
  });
}

function runOnPool({ limit, signal, resources }: Job): Promise<PlaceRun> {
  return resources.budgets.threads.use(1, signal, async () => {
    const admittedAt = monotonicMs();
    const result = await resources.pool().run({ limit }, { signal });
    const { readyAt } = result;
    return { ...remoteRun(result, admittedAt), readyAt, newlyStarted: readyAt > admittedAt };
  });
}

/** Passes the job as an argument to a program that prints its result and exits. */
function runInChild({ limit, signal, resources }: Job): Promise<PlaceRun> {
  return resources.budgets.children.use(1, signal, () => {
    const admittedAt = monotonicMs();
    const started = resources.children.startNode(childProgram, { args: [String(limit)], signal });
    const callMs = monotonicMs() - admittedAt;
    return withChild(started, async (child) => {
      const output = await readOutput(child);
      signal.throwIfAborted();
      const result = JSON.parse(output) as ChildPrimesResult;
      return { ...remoteRun(result, admittedAt), callMs, privateBytes: result.privateBytes };
    });
  });
}

/** Sends the job over an IPC channel, then a second job to the same child. */
function runInFork({ limit, signal, resources }: Job): Promise<PlaceRun> {
  return resources.budgets.children.use(1, signal, () => {
    const admittedAt = monotonicMs();
    const started = resources.children.startNode(childProgram, { ipc: true, signal });
    const callMs = monotonicMs() - admittedAt;
    return withChild(started, async (child) => {
      child.send(limit);
      const result = await nextChildMessage<ChildPrimesResult>(child);
      const run = { ...remoteRun(result, admittedAt), callMs, privateBytes: result.privateBytes };
      const sentAt = monotonicMs();
      child.send(2); // no prime is below 2, so this measures only the round trip
      await nextChildMessage<PrimesResult>(child);
      return { ...run, nextJobMs: monotonicMs() - sentAt };
    });
  });
}

function remoteRun({ primes, startedAt, endedAt }: PrimesResult, admittedAt: number): PlaceRun {
  const receivedAt = monotonicMs();
  return { primes, admittedAt, startedAt, endedAt, receivedAt, newlyStarted: true };
}
