import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { ms, times } from '../evidence/words.ts';

const wayResult = z.strictObject({
  way: z.string(),
  outcome: z.string(),
  settledMs: z.number().describe('From the start to the outcome'),
  stillWaiting: z.number().describe('Waits that went on after the outcome, and whose result nobody looks at'),
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
  /** Which wait fails, by its place; none where it is left out. */
  readonly failing?: number;
  readonly combine: (wait: Wait, all: readonly number[]) => Promise<string>;
}

/** The waits take 2, 1, 4 and 3 steps, so that neither the first nor the last is the quickest. */
const STEPS = [2, 1, 4, 3] as const;
const indexes = STEPS.map((_, index) => index);
const QUICKEST = 1;

const ways: readonly Way[] = [
  {
    name: 'one after the other',
    async combine(wait, all) {
      const results = [];
      for (const index of all) results.push(await wait(index));
      return results.join(', ');
    },
  },
  { name: 'Promise.all', combine: async (wait, all) => (await Promise.all(all.map(wait))).join(', ') },
  {
    name: 'Promise.all, one fails',
    failing: QUICKEST,
    combine: async (wait, all) => (await Promise.all(all.map(wait))).join(', '),
  },
  {
    name: 'Promise.allSettled, one fails',
    failing: QUICKEST,
    async combine(wait, all) {
      const settled = await Promise.allSettled(all.map(wait));
      return settled.map((one) => (one.status === 'fulfilled' ? one.value : nameOf(one.reason))).join(', ');
    },
  },
  {
    name: 'Promise.any, one fails',
    failing: QUICKEST,
    combine: (wait, all) => Promise.any(all.map(wait)),
  },
  { name: 'Promise.race', combine: (wait, all) => Promise.race(all.map(wait)) },
];

export const together = demoRoute({
  method: 'get',
  path: '/together',
  summary: 'Four independent waits, one after the other and at once, combined in each way there is.',
  teaches:
    'One after the other, waits add up; together they take as long as the longest. A combinator that is settled early ' +
    'does not end the others: they go on unless a signal ends them.',
  query: z.object({
    stepMs: wholeNumber('Length of the shortest wait; the others take two, three and four times as long', {
      min: 1,
      max: 100,
      default: 30,
    }),
  }),
  result: resultSchema,
  examples: [
    { title: 'Every way, with bars', query: { as: 'text' } },
    { title: 'Longer waits', query: { stepMs: 80, as: 'text' } },
  ],
  contrasts: ['non-blocking/read?style=await'],
  async run({ query: { stepMs }, signal, timeline }) {
    const results: WayResult[] = [];
    for (const way of ways) results.push(await tryOut(way, stepMs, timeline, signal));
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

/** Combines the waits in one way, and ends those that are left over. */
async function tryOut(way: Way, stepMs: number, timeline: Timeline, signal: AbortSignal): Promise<WayResult> {
  signal.throwIfAborted();
  const settled = new AbortController();
  const ends = AbortSignal.any([signal, settled.signal]);
  let waiting = 0;
  const wait: Wait = async (index) => {
    const end = timeline.begin(`wait ${index + 1}`, way.name.replace('Promise.', ''));
    waiting += 1;
    try {
      await sleep(stepMs * (STEPS[index] ?? 1), undefined, { signal: ends });
    } finally {
      waiting -= 1;
      end();
    }
    if (index === way.failing) throw new Error(`wait ${index + 1} failed`);
    return `wait ${index + 1}`;
  };
  const startMs = timeline.now();
  const outcome = await way.combine(wait, indexes).catch((error: unknown) => `rejected: ${nameOf(error)}`);
  const settledMs = toMicroseconds(timeline.now() - startMs);
  const stillWaiting = waiting;
  settled.abort();
  signal.throwIfAborted();
  await new Promise((resolve) => setImmediate(resolve)); // those left over end now
  return { way: way.name, outcome, settledMs, stillWaiting };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function conclude(results: readonly WayResult[]): string {
  const [serial, all, allFailing, settled, any, race] = results as [
    WayResult,
    WayResult,
    WayResult,
    WayResult,
    WayResult,
    WayResult,
  ];
  const ratio = serial.settledMs / all.settledMs;
  const gain =
    ratio > 1.2
      ? `One after the other the waits took ${ms(serial.settledMs)}, together ${ms(all.settledMs)}: ${times(ratio)} as fast`
      : `Together the waits took ${ms(all.settledMs)}, hardly less than one after the other (${ms(serial.settledMs)})`;
  return (
    `${gain}. With one failing, all gave up after ${ms(allFailing.settledMs)} while ${allFailing.stillWaiting} still waited, ` +
    `allSettled told everything after ${ms(settled.settledMs)}, and any took the first success after ${ms(any.settledMs)}; ` +
    `race was over after ${ms(race.settledMs)}, with ${race.stillWaiting} still running until a signal ended them.`
  );
}
