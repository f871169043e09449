import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';

const wayResult = z.strictObject({
  way: z.string(),
  outcome: z.string(),
  settledMs: z.number().describe('From the start to the outcome'),
  stillWaiting: z.number().describe('Waits that were still running then; their results are ignored'),
});
type WayResult = z.infer<typeof wayResult>;

const resultSchema = z.strictObject({
  waits: z.number(),
  shortestMs: z.number(),
  longestMs: z.number(),
  sumMs: z.number(),
  ways: z.array(wayResult),
});

type Wait = (index: number) => Promise<string>;
interface Way {
  readonly name: string;
  /** The index of the wait that fails. */
  readonly failing?: number;
  readonly combine: (wait: Wait, indexes: readonly number[]) => Promise<string>;
}

/** The waits take 2, 1, 4 and 3 steps, so that neither the first nor the last is the shortest. */
const STEPS = [2, 1, 4, 3] as const;
const SHORTEST = 1;

const all: Way['combine'] = async (wait, indexes) => (await Promise.all(indexes.map(wait))).join(', ');
const ways: readonly Way[] = [
  {
    name: 'one after the other',
    async combine(wait, indexes) {
      const results = [];
      for (const index of indexes) results.push(await wait(index));
      return results.join(', ');
    },
  },
  { name: 'Promise.all', combine: all },
  { name: 'Promise.all, one fails', failing: SHORTEST, combine: all },
  {
    name: 'Promise.allSettled, one fails',
    failing: SHORTEST,
    async combine(wait, indexes) {
      const settled = await Promise.allSettled(indexes.map(wait));
      return settled
        .map((one) => (one.status === 'fulfilled' ? one.value : messageOf(one.reason)))
        .join(', ');
    },
  },
  {
    name: 'Promise.any, one fails',
    failing: SHORTEST,
    combine: (wait, indexes) => Promise.any(indexes.map(wait)),
  },
  { name: 'Promise.race', combine: (wait, indexes) => Promise.race(indexes.map(wait)) },
];

export const together = demoRoute({
  method: 'get',
  path: '/together',
  title: 'Wait in parallel',
  summary: 'Runs four independent waits in sequence and in parallel, with each promise combinator.',
  teaches:
    'In sequence waits add up; in parallel they take as long as the longest. A combinator that settles early does not ' +
    'cancel the other waits: they continue unless a signal aborts them.',
  query: z.object({
    stepMs: wholeNumber(
      'Length of the shortest wait in milliseconds; the others take two, three and four times as long',
      { min: 1, max: 100, default: 30 },
    ),
  }),
  result: resultSchema,
  examples: [
    { title: 'Six ways to wait', query: { as: 'text' } },
    { title: 'Longer waits', query: { stepMs: 80, as: 'text' } },
  ],
  contrasts: ['non-blocking/read?style=await', 'non-blocking/many?way=all'],
  async run({ query: { stepMs }, signal, timeline }) {
    const results: WayResult[] = [];
    for (const way of ways) results.push(await runWay(way, stepMs, timeline, signal));
    const result = {
      waits: STEPS.length,
      shortestMs: stepMs * Math.min(...STEPS),
      longestMs: stepMs * Math.max(...STEPS),
      sumMs: stepMs * STEPS.reduce((sum, steps) => sum + steps, 0),
      ways: results,
    };
    return { result, lesson: conclude(results) };
  },
});

/** Combines the waits in one way, and aborts those that are still running when it settles. */
async function runWay(way: Way, stepMs: number, timeline: Timeline, signal: AbortSignal): Promise<WayResult> {
  signal.throwIfAborted();
  const settled = new AbortController();
  const aborted = AbortSignal.any([signal, settled.signal]);
  let waiting = 0;
  const wait: Wait = async (index) => {
    const end = timeline.begin(`wait ${index + 1}`, way.name.replace('Promise.', ''));
    waiting += 1;
    try {
      await sleep(stepMs * (STEPS[index] ?? 1), undefined, { signal: aborted });
    } finally {
      waiting -= 1;
      end();
    }
    if (index === way.failing) throw new Error(`wait ${index + 1} failed`);
    return `wait ${index + 1}`;
  };
  const startMs = timeline.now();
  const outcome = await way
    .combine(wait, [...STEPS.keys()])
    .catch((error: unknown) => `rejected: ${messageOf(error)}`);
  const settledMs = toMicroseconds(timeline.now() - startMs);
  const stillWaiting = waiting;
  settled.abort();
  signal.throwIfAborted();
  await new Promise((resolve) => setImmediate(resolve)); // the aborted waits end now
  return { way: way.name, outcome, settledMs, stillWaiting };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Six<T> = readonly [T, T, T, T, T, T];

function conclude(results: readonly WayResult[]): Lesson {
  const [serial, parallel, failing, settled, any, race] = results as Six<WayResult>;
  const ratio = serial.settledMs / parallel.settledMs;
  const faster = ratio > 1.2;
  return {
    headline: faster
      ? `In parallel the waits were ${times(ratio)} faster than in sequence`
      : 'This run shows no clear gain from waiting in parallel',
    text:
      `The waits took ${ms(serial.settledMs)} in sequence and ${ms(parallel.settledMs)} in parallel` +
      `${faster ? '' : ', no clear difference'}. With one failing wait, Promise.all rejected after ` +
      `${ms(failing.settledMs)} with ${count(failing.stillWaiting, 'wait')} still running. Promise.allSettled returned ` +
      `every outcome after ${ms(settled.settledMs)}, and Promise.any the first success after ${ms(any.settledMs)}. ` +
      `Promise.race settled after ${ms(race.settledMs)} with ${count(race.stillWaiting, 'wait')} still running, until a ` +
      'signal aborted them.',
  };
}
