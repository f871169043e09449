import { z } from 'zod';
import { demoRoute, wholeNumber, type Demo, type DemoRoute } from '../demo.ts';
import { concludeComparison, lessons } from './lessons.ts';
import { jobSchema, measureJob, type JobResult } from './measure.ts';
import { places, type PlaceName } from './places.ts';

const limit = wholeNumber('Primes below this are counted', { min: 1_000, max: 5_000_000, default: 800_000 });
const sliceMs = wholeNumber('How long a slice may hold the event loop, in milliseconds', {
  min: 1,
  max: 1_000,
  default: 5,
});
const query = z.object({ limit });
const DEFAULT_SLICE_MS = 5;

const place = z.enum(Object.keys(places) as [PlaceName, ...PlaceName[]]);

export const cpu = {
  id: 'cpu',
  title: 'One job, every place to run it',
  summary: 'The same prime count inline and elsewhere: time, queue wait, and what the event loop felt.',
  teaches:
    'A computation on the event loop keeps every other request of the process waiting. Elsewhere it costs a hand-over ' +
    'and perhaps a start-up, and the event loop stays free.',
  lookFor: 'primes is the same everywhere. eventLoop.maxDelayMs is what every other request had to wait.',
  practices: ['7.1'],
  routes: [
    route('inline', {
      summary: 'Counts primes on the event loop itself: the wrong way.',
      teaches: 'While it counts, nothing else happens in this process.',
      example: 'On the event loop',
      contrasts: ['cpu/chunked', 'cpu/thread', 'cpu/thread-pool', 'cpu/child', 'cpu/fork'],
    }),
    demoRoute({
      method: 'get',
      path: '/chunked',
      summary: 'Counts the same primes on the event loop, in slices with a turn for everybody between them.',
      teaches: 'Cutting a job keeps others waiting for a slice only, but it still takes their core.',
      query: query.extend({ sliceMs }),
      result: jobSchema,
      examples: [
        { title: 'In slices of 5 ms', query: { as: 'text' } },
        { title: 'In slices longer than the job', query: { sliceMs: 1_000, as: 'text' } },
      ],
      contrasts: ['cpu/inline', 'cpu/thread-pool'],
      async run({ query: asked, timeline, tools, signal }) {
        const result = await measureJob('chunked', { ...asked, tools, signal }, timeline);
        return { result, lesson: lessons.chunked(result) };
      },
    }),
    route('thread', {
      summary: 'Counts the same primes on a thread that is started for it and ended with it.',
      teaches: 'A thread of its own keeps the event loop free, and costs a start-up and a heap each time.',
      example: 'On a thread of its own',
      contrasts: ['cpu/inline', 'cpu/thread-pool', 'worker-threads/start-up'],
    }),
    route('thread-pool', {
      summary: 'Counts the same primes on a pooled thread: the right way for CPU work.',
      teaches: 'A pool of threads keeps the event loop free, and its queue keeps the machine from drowning.',
      example: 'On a pooled thread',
      contrasts: ['cpu/inline', 'cpu/thread'],
    }),
    route('child', {
      summary: 'Counts the same primes in a program of its own that prints the answer and ends.',
      teaches: 'A process is the strongest wall between two jobs, and the dearest to start.',
      example: 'In a child process',
      contrasts: ['cpu/inline', 'cpu/fork', 'cpu/thread'],
    }),
    route('fork', {
      summary: 'Counts the same primes in a child with a channel for messages, and gives it a second job.',
      teaches: 'A child that stays answers the next job without a start-up: start it once, not per request.',
      example: 'In a child with a channel',
      contrasts: ['cpu/inline', 'cpu/child', 'child-processes/fork'],
    }),
    demoRoute({
      method: 'get',
      path: '/compare',
      summary: 'Counts the same primes in every place, one after the other, in one table.',
      teaches: 'What is best depends on how long the job is against what it costs to take it elsewhere.',
      query: z.object({
        limit: wholeNumber('Primes below this are counted, in each place', {
          min: 1_000,
          max: 2_000_000,
          default: 600_000,
        }),
      }),
      result: z.strictObject({
        limit: z.number(),
        primes: z.number(),
        sameAnswers: z.boolean(),
        places: z.array(
          z.strictObject({
            place,
            elapsedMs: z.number(),
            ranMs: z.number(),
            startUpMs: z.number(),
            queuedMs: z.number(),
            handOverMs: z.number(),
            memoryBytes: z.number(),
            maxDelayMs: z.number().describe('The longest time a timer of the event loop was late'),
          }),
        ),
      }),
      examples: [
        { title: 'All places', query: { as: 'text' } },
        { title: 'A job too short to be worth the way', query: { limit: 20_000, as: 'text' } },
      ],
      contrasts: ['cpu/inline', 'cpu/thread-pool', 'child-processes/compare'],
      async run({ query: asked, timeline, tools, signal }) {
        const job = { ...asked, sliceMs: DEFAULT_SLICE_MS, tools, signal };
        const seen: { readonly place: PlaceName; readonly run: JobResult }[] = [];
        for (const name of place.options) {
          signal.throwIfAborted();
          seen.push({ place: name, run: await measureJob(name, job, timeline) });
        }
        const rows = seen.map(({ place: name, run }) => ({
          place: name,
          primes: run.primes,
          elapsedMs: run.elapsedMs,
          ranMs: run.ranMs,
          startUpMs: run.startUpMs,
          queuedMs: run.queuedMs,
          handOverMs: run.handOverMs,
          memoryBytes: run.memoryBytes,
          maxDelayMs: run.eventLoop.maxDelayMs,
        }));
        const primes = rows[0]?.primes ?? 0;
        return {
          result: {
            limit: asked.limit,
            primes,
            sameAnswers: rows.every((row) => row.primes === primes),
            places: rows.map(({ primes: _same, ...row }) => row),
          },
          lesson: concludeComparison(rows),
        };
      },
    }),
  ],
} satisfies Demo;

interface Wording {
  readonly summary: string;
  readonly teaches: string;
  readonly example: string;
  readonly contrasts: readonly string[];
}

/** The route of one place: all of them measure the same job alike. */
function route(name: PlaceName, { summary, teaches, example, contrasts }: Wording): DemoRoute {
  return demoRoute({
    method: 'get',
    path: `/${name}`,
    summary,
    teaches,
    query,
    result: jobSchema,
    examples: [{ title: example, query: { as: 'text' } }],
    contrasts,
    async run({ query: asked, timeline, tools, signal }) {
      const job = { ...asked, sliceMs: DEFAULT_SLICE_MS, tools, signal };
      const result = await measureJob(name, job, timeline);
      return { result, lesson: lessons[name](result) };
    },
  });
}
