import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { demoRoute, wholeNumber, type DemoRoute } from '../demo.ts';
import { monotonicMs } from '../evidence/monotonic.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms, percent } from '../evidence/words.ts';
import { countPrimes, countPrimesInSlices } from '../work/primes.ts';
import { withBystanders, type Bystanders } from './bystanders.ts';
import { limitFor } from './cpu-work.ts';

const length = wholeNumber('About how long the work takes', { min: 20, max: 1_000, default: 300 });

const common = {
  limit: z.number().describe('Primes below this were counted'),
  primes: z.number(),
  workMs: z.number().describe('From the start of the work to its end'),
  timerTicks: z.number().describe('Ticks of a 5 ms timer meanwhile'),
  timerExpectedTicks: z.number(),
  timerMaxDelayMs: z.number(),
  healthAnswered: z.number().describe('Health requests that were answered while the work went on'),
  healthSlowestMs: z.number(),
  healthQuietMs: z.number().describe('What a health request takes without the work'),
};

const blockResult = z.strictObject(common);
const yieldResult = z.strictObject({ ...common, slices: z.number(), longestSliceMs: z.number() });
const offloadResult = z.strictObject({
  ...common,
  queuedMs: z
    .number()
    .describe('From asking for the work to its start on a thread; the start of one included'),
});
type Common = z.infer<typeof blockResult>;

/** The same work in three places. */
export const blocking: readonly DemoRoute[] = [
  demoRoute({
    method: 'get',
    path: '/block',
    summary: 'Counts primes in one go on the event loop: the wrong way. A timer and a health request wait.',
    teaches: 'While the event loop computes, no timer ticks and no request is answered.',
    query: z.object({ ms: length }),
    result: blockResult,
    examples: [{ title: 'In one go', query: { ms: 300, as: 'text' } }],
    contrasts: ['event-loop/yield', 'event-loop/offload'],
    async run({ query, signal, timeline, tools }) {
      const limit = limitFor(query.ms, tools);
      const { value, bystanders } = await withBystanders(
        async () => {
          const startedAt = performance.now();
          const primes = await timeline.record('count primes', 'event loop', () => countPrimes(limit));
          return { primes, workMs: performance.now() - startedAt };
        },
        timeline,
        signal,
      );
      const result = describe(limit, value.primes, value.workMs, bystanders);
      return { result, lesson: conclude('in one go on the event loop', result) };
    },
  }),
  demoRoute({
    method: 'get',
    path: '/yield',
    summary: 'The same count on the event loop, cut into slices: it takes turns with everything else.',
    teaches: 'Between two slices the event loop turns: what waits, waits for one slice only.',
    query: z.object({
      ms: length,
      sliceMs: wholeNumber('Length of a slice', { min: 1, max: 100, default: 5 }),
    }),
    result: yieldResult,
    examples: [
      { title: 'In slices', query: { ms: 300, as: 'text' } },
      { title: 'In thick slices', query: { ms: 300, sliceMs: 50, as: 'text' } },
    ],
    contrasts: ['event-loop/block', 'event-loop/offload'],
    async run({ query, signal, timeline, tools }) {
      const limit = limitFor(query.ms, tools);
      const zero = timeline.startedAt;
      const { value, bystanders } = await withBystanders(
        async () => {
          const startedAt = performance.now();
          const counted = await countPrimesInSlices(limit, query.sliceMs, signal, (from, to) =>
            timeline.add('slice', 'event loop', from - zero, to - zero),
          );
          return { ...counted, workMs: performance.now() - startedAt };
        },
        timeline,
        signal,
      );
      const { primes, workMs, slices, longestSliceMs } = value;
      const result = {
        ...describe(limit, primes, workMs, bystanders),
        slices,
        longestSliceMs: toMicroseconds(longestSliceMs),
      };
      const how = `in ${count(slices, 'slice')} of at most ${ms(longestSliceMs)} on the event loop`;
      return { result, lesson: conclude(how, result) };
    },
  }),
  demoRoute({
    method: 'get',
    path: '/offload',
    summary: 'The same count on a pooled thread: the event loop stays free.',
    teaches: 'A thread takes the work off the event loop; it costs a hand-over, and a core of its own.',
    query: z.object({ ms: length }),
    result: offloadResult,
    examples: [{ title: 'On a thread', query: { ms: 300, as: 'text' } }],
    contrasts: ['event-loop/block', 'event-loop/yield', 'cpu/thread-pool'],
    async run({ query, signal, timeline, tools }) {
      const limit = limitFor(query.ms, tools);
      const { value, bystanders } = await withBystanders(
        () =>
          tools.budgets.threads.use(1, signal, async () => {
            const askedAt = monotonicMs();
            return { askedAt, ...(await tools.pool().run({ limit }, { signal })) };
          }),
        timeline,
        signal,
      );
      const { primes, askedAt, startedAt, endedAt } = value;
      const zero = monotonicMs() - timeline.now();
      timeline.add('queue and start-up', 'pooled thread', askedAt - zero, startedAt - zero);
      timeline.add('count primes', 'pooled thread', startedAt - zero, endedAt - zero);
      const result = {
        ...describe(limit, primes, endedAt - startedAt, bystanders),
        queuedMs: toMicroseconds(Math.max(0, startedAt - askedAt)),
      };
      return { result, lesson: conclude('on a thread', result) };
    },
  }),
];

function describe(limit: number, primes: number, workMs: number, { timer, health }: Bystanders): Common {
  return {
    limit,
    primes,
    workMs: toMicroseconds(workMs),
    timerTicks: timer.ticks,
    timerExpectedTicks: timer.expectedTicks,
    timerMaxDelayMs: timer.maxDelayMs,
    healthAnswered: health.answered,
    healthSlowestMs: toMicroseconds(health.slowestMs),
    healthQuietMs: toMicroseconds(health.quietMs),
  };
}

function conclude(how: string, seen: Common): string {
  const share = seen.healthSlowestMs / seen.workMs;
  const felt =
    `a 5 ms timer ticked ${count(seen.timerTicks, 'time')} where ${seen.timerExpectedTicks} were due and was up to ` +
    `${ms(seen.timerMaxDelayMs)} late, and ${count(seen.healthAnswered, 'answer')} to health requests came meanwhile, the slowest ` +
    `after ${ms(seen.healthSlowestMs)} (${ms(seen.healthQuietMs)} in quiet)`;
  const verdict =
    share > 0.7
      ? 'whoever came had to wait for all of it'
      : share > 0.3
        ? `others waited for ${percent(share)} of it`
        : 'others went on nearly as if it were not there';
  return `The work took ${ms(seen.workMs)} ${how}; ${felt}: ${verdict}.`;
}
