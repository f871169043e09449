/** The places where the job can run. Each does the same job and tells when what happened, by the monotonic clock. */
import type { DemoCall } from '../demo.ts';
import { monotonicMs } from '../evidence/monotonic.ts';
import type { PrimesAnswer } from '../work/answer-primes.ts';
import { lendChild, messageOf, readOutput } from '../work/lend-child.ts';
import { countPrimes, countPrimesInSlices } from '../work/primes.ts';
import { nextMessage } from '../work/thread.ts';

const threadProgram = new URL('./primes-thread.ts', import.meta.url);
const childProgram = new URL('./primes-child.ts', import.meta.url);

export interface Job extends Pick<DemoCall<never, never, never>, 'signal' | 'tools'> {
  readonly limit: number;
  /** How long a slice may hold the event loop, for the place that cuts the job. */
  readonly sliceMs: number;
}

export interface PlaceRun {
  readonly primes: number;
  /** When there was room for it; it waited until then. */
  readonly admittedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** When the answer was here. */
  readonly answeredAt: number;
  /** Whether something had to be started for it, so that the time until it ran is start-up and not queue. */
  readonly startedAnew: boolean;
  readonly memoryBytes: number;
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

/** All at once: nobody else gets a turn until it is done. */
async function runInline({ limit }: Job): Promise<PlaceRun> {
  const startedAt = monotonicMs();
  const primes = countPrimes(limit);
  return here(primes, startedAt, monotonicMs());
}

/** In slices, with a turn of the event loop for everybody else between two of them. */
async function runChunked({ limit, sliceMs, signal }: Job): Promise<PlaceRun> {
  const startedAt = monotonicMs();
  let endedAt = startedAt;
  const { primes, slices } = await countPrimesInSlices(limit, sliceMs, signal, () => {
    endedAt = monotonicMs();
  });
  return { ...here(primes, startedAt, endedAt), slices };
}

function here(primes: number, startedAt: number, endedAt: number): PlaceRun {
  const now = { admittedAt: startedAt, startedAt, endedAt, answeredAt: endedAt };
  return { primes, ...now, startedAnew: false, memoryBytes: 0 };
}

function runOnThread({ limit, signal, tools }: Job): Promise<PlaceRun> {
  return tools.budgets.threads.use(1, signal, () => {
    const admittedAt = monotonicMs();
    return tools.threads.run(threadProgram, { data: { limit }, signal }, async (thread) => {
      const { message: answer } = await nextMessage<PrimesAnswer>(thread);
      return away(answer, admittedAt, answer.heapBytes);
    });
  });
}

function runOnPool({ limit, signal, tools }: Job): Promise<PlaceRun> {
  return tools.budgets.threads.use(1, signal, async () => {
    const admittedAt = monotonicMs();
    const startedAnew = tools.pool().threads.length === 0;
    const answer = await tools.pool().run({ limit }, { signal });
    return { ...away(answer, admittedAt, startedAnew ? answer.heapBytes : 0), startedAnew };
  });
}

/** As a program that is given its job as an argument, prints the answer and ends. */
function runInChild({ limit, signal, tools }: Job): Promise<PlaceRun> {
  return tools.budgets.children.use(1, signal, () => {
    const admittedAt = monotonicMs();
    const started = tools.children.startNode(childProgram, { args: [String(limit)], signal });
    return lendChild(started, async (child) => {
      const output = await readOutput(child);
      signal.throwIfAborted();
      const answer = JSON.parse(output) as PrimesAnswer;
      return away(answer, admittedAt, answer.rssBytes);
    });
  });
}

/** As a program with a channel, which could be given one job after the other. */
function runInFork({ limit, signal, tools }: Job): Promise<PlaceRun> {
  return tools.budgets.children.use(1, signal, () => {
    const admittedAt = monotonicMs();
    return lendChild(tools.children.startNode(childProgram, { ipc: true, signal }), async (child) => {
      child.send(limit);
      const answer = await messageOf<PrimesAnswer>(child);
      const run = away(answer, admittedAt, answer.rssBytes);
      const askedAgainAt = monotonicMs();
      child.send(2); // there is no prime below: what is left is the way there and back
      await messageOf<PrimesAnswer>(child);
      return { ...run, nextJobMs: monotonicMs() - askedAgainAt };
    });
  });
}

function away(
  { primes, startedAt, endedAt }: PrimesAnswer,
  admittedAt: number,
  memoryBytes: number,
): PlaceRun {
  const answeredAt = monotonicMs();
  return { primes, admittedAt, startedAt, endedAt, answeredAt, startedAnew: true, memoryBytes };
}
