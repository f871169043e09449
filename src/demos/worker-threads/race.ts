import { z } from 'zod';
import { count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { RaceOptions, RaceReport } from './race-thread.ts';

const program = new URL('./race-thread.ts', import.meta.url);

/** A thread that has not made all increments by then reports those it has made. */
const LIMIT_MS = 2_000;
const CELLS = 3;
/** Threads that run together for less may not even have met. */
const TELLING_MS = 0.1;

const querySchema = z.object({
  way: oneOf('How a thread increments the number', ['plain', 'atomics', 'lock']),
  threads: wholeNumber('Threads that increment it at the same time', { min: 2, max: 4, default: 2 }),
  increments: wholeNumber('Increments per thread', { min: 1, max: 10_000_000, default: 1_000_000 }),
});
type Query = z.infer<typeof querySchema>;

const resultSchema = z.strictObject({
  way: z.string(),
  threads: z.number(),
  made: z.number().describe('Increments that the threads made'),
  counted: z.number().describe('The shared number at the end; it began at 0'),
  lost: z.number(),
  lostShare: z.number(),
  nsPerIncrement: z.number().describe('Time per increment of one thread'),
  waits: z.number().describe('How often a thread slept in Atomics.wait because another one held the lock'),
  overlapMs: z.number().describe('How long all threads were between their first and last increment'),
});
type Result = z.infer<typeof resultSchema>;

export const race = demoRoute({
  method: 'get',
  path: '/race',
  title: 'Lose increments to a race',
  summary:
    'Increments one number in shared memory from several threads: plainly, atomically or under a lock.',
  teaches:
    'An increment reads, adds and writes. Without synchronization another thread may write in between, and its update is lost ' +
    '(data race). Atomics.add is one step; a mutex of Atomics.wait and notify protects longer critical sections. ' +
    'Atomics.wait blocks its thread: do not use it on the main thread of a server.',
  query: querySchema,
  result: resultSchema,
  examples: [
    { title: 'Plain increments', query: { way: 'plain', as: 'text' } },
    { title: 'Atomic increments', query: { way: 'atomics', as: 'text' } },
    { title: 'Plain increments under a lock', query: { way: 'lock', as: 'text' } },
    { title: 'Too few to lose any', query: { way: 'plain', increments: 10, as: 'text' } },
  ],
  contrasts: [
    'worker-threads/race?way=plain',
    'worker-threads/race?way=atomics',
    'worker-threads/race?way=lock',
  ],
  async run({ query, resources, signal, timeline }) {
    const result = await resources.budgets.threads.use(query.threads, signal, () =>
      runRace(query, { resources, signal, timeline }),
    );
    return { result, lesson: conclude(result) };
  },
});

async function runRace(
  { way, threads, increments }: Query,
  { resources, signal, timeline }: Pick<DemoCall<never, never, never>, 'resources' | 'signal' | 'timeline'>,
): Promise<Result> {
  const shared = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT);
  const data: RaceOptions = { way, shared, threads, increments, limitMs: LIMIT_MS };
  const reports = await Promise.all(
    Array.from({ length: threads }, () =>
      resources.threads.run(
        program,
        { data, signal },
        async (thread) => (await nextMessage<RaceReport>(thread)).message,
      ),
    ),
  );
  const zero = monotonicMs() - timeline.now();
  for (const [index, { made, startedAt, endedAt }] of reports.entries()) {
    timeline.add(count(made, 'increment'), `thread ${index + 1}`, startedAt - zero, endedAt - zero);
  }
  const sum = (of: (report: RaceReport) => number) => reports.reduce((total, each) => total + of(each), 0);
  const made = sum((report) => report.made);
  const counted = new Int32Array(shared)[0] ?? 0;
  const busyMs = sum(({ startedAt, endedAt }) => endedAt - startedAt);
  const [lastStart, firstEnd] = [
    Math.max(...reports.map(({ startedAt }) => startedAt)),
    Math.min(...reports.map(({ endedAt }) => endedAt)),
  ];
  return {
    way,
    threads,
    made,
    counted,
    lost: made - counted,
    lostShare: (made - counted) / made,
    nsPerIncrement: Math.round((1e7 * busyMs) / made) / 10,
    waits: sum(({ waits }) => waits),
    overlapMs: toMicroseconds(Math.max(0, firstEnd - lastStart)),
  };
}

/** How each way is called. */
const kinds: Readonly<Record<string, string>> = {
  plain: 'Plain increments',
  atomics: 'Atomic increments',
  lock: 'Increments under a lock',
};

export function conclude(result: Result): Lesson {
  const { way, threads, made, counted, lost, lostShare, nsPerIncrement, waits, overlapMs } = result;
  const figures =
    `${count(threads, 'thread')} made ${made.toLocaleString('en')} increments, and the number is ${counted.toLocaleString('en')}. ` +
    `An increment took ${nsPerIncrement} ns.`;
  const overlap =
    overlapMs === 0
      ? 'The runs of the threads did not overlap, so they could not race.'
      : `The runs of all threads overlapped for ${ms(overlapMs)}.`;
  if (lost !== 0) {
    return {
      headline: `${kinds[way] ?? way} lost ${percent(lostShare)} of all updates to a data race`,
      text: `${figures} ${lost.toLocaleString('en')} were overwritten by a thread that had read the number before.`,
    };
  }
  if (way === 'plain') {
    return {
      headline: 'This run lost no update, which does not make it safe',
      text: `${figures} ${overlap} A race may hide in many runs: run it again, or with more increments.`,
    };
  }
  if (overlapMs < TELLING_MS) {
    return {
      headline: 'This run does not tell: the threads hardly overlapped',
      text: `${figures} ${overlap} Plain increments would have lost none either: make more of them.`,
    };
  }
  const slept =
    way === 'lock'
      ? ` Threads slept ${waits.toLocaleString('en')} times until another one released the lock.`
      : '';
  return {
    headline: `${kinds[way] ?? way} lost none, at ${nsPerIncrement} ns each`,
    text: `${figures} ${overlap}${slept}`,
  };
}
