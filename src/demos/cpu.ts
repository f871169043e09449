import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { demoRoute, wholeNumber, type Demo } from './demo.ts';
import { EventLoopProbe } from './evidence/event-loop-probe.ts';
import { toMicroseconds } from './evidence/timeline.ts';
import { count, ms } from './evidence/words.ts';
import { countPrimes } from './work/primes.ts';

const query = z.object({
  limit: wholeNumber('Primes below this are counted', { min: 1_000, max: 5_000_000, default: 400_000 }),
});

const resultSchema = z.strictObject({
  primes: z.number(),
  ranMs: z.number().describe('How long the job itself ran'),
  queuedMs: z.number().describe('From asking for it to its start'),
  handOverMs: z.number().describe('From its end to the answer being here'),
  eventLoop: z.strictObject({
    ticks: z.number(),
    expectedTicks: z.number(),
    maxDelayMs: z.number(),
    meanDelayMs: z.number(),
  }),
});

export const cpu = {
  id: 'cpu',
  title: 'One job, every place to run it',
  summary: 'The same prime count inline and elsewhere: time, queue wait, and what the event loop felt.',
  teaches:
    'A computation on the event loop keeps every other request of the process waiting. Elsewhere it costs a hand-over ' +
    'and perhaps a start-up, and the event loop stays free.',
  lookFor: 'primes is the same everywhere. eventLoop.maxDelayMs is what every other request had to wait.',
  practices: ['8.7'],
  routes: [
    demoRoute({
      method: 'get',
      path: '/inline',
      summary: 'Counts primes on the event loop itself: the wrong way.',
      teaches: 'While it counts, nothing else happens in this process.',
      query,
      result: resultSchema,
      examples: [{ title: 'On the event loop', query: { as: 'text' } }],
      contrasts: ['cpu/thread-pool'],
      async run({ query: { limit }, timeline }) {
        const probe = new EventLoopProbe();
        await nextTurn(); // so that the probe's timer is due while the job runs
        const startedAt = performance.now();
        const primes = await timeline.record('count primes', 'event loop', () => countPrimes(limit));
        const ranMs = toMicroseconds(performance.now() - startedAt);
        const eventLoop = probe.stop();
        return {
          result: { primes, ranMs, queuedMs: 0, handOverMs: 0, eventLoop },
          lesson: concludeInline(ranMs, eventLoop.maxDelayMs),
        };
      },
    }),
    demoRoute({
      method: 'get',
      path: '/thread-pool',
      summary: 'Counts the same primes on a pooled thread: the right way for CPU work.',
      teaches: 'A pool of threads keeps the event loop free, and its queue keeps the machine from drowning.',
      query,
      result: resultSchema,
      examples: [{ title: 'On a pooled thread', query: { as: 'text' } }],
      contrasts: ['cpu/inline'],
      async run({ query: { limit }, timeline, tools, signal }) {
        const probe = new EventLoopProbe();
        const askedAt = performance.now();
        const run = await tools.budgets.threads.use(1, signal, () => tools.pool().run({ limit }, { signal }));
        const answeredAt = performance.now();
        const startedAt = run.startedAt - performance.timeOrigin;
        const endedAt = run.endedAt - performance.timeOrigin;
        const zero = timeline.startedAt;
        timeline.add('queue and hand over', 'event loop', askedAt - zero, startedAt - zero);
        timeline.add('count primes', 'pooled thread', startedAt - zero, endedAt - zero);
        const ranMs = toMicroseconds(endedAt - startedAt);
        const queuedMs = toMicroseconds(Math.max(0, startedAt - askedAt));
        const eventLoop = probe.stop();
        const result = {
          primes: run.primes,
          ranMs,
          queuedMs,
          handOverMs: toMicroseconds(Math.max(0, answeredAt - endedAt)),
          eventLoop,
        };
        return { result, lesson: concludeOffloaded(result) };
      },
    }),
  ],
} satisfies Demo;

function concludeInline(ranMs: number, delayMs: number): string {
  return delayMs > ranMs / 2
    ? `The job ran ${ms(ranMs)} on the event loop, and a timer was ${ms(delayMs)} late: so long every other request of this worker had to wait.`
    : `The job ran only ${ms(ranMs)}, too short for a 5 ms timer to feel much of it (it was ${ms(delayMs)} late); raise limit.`;
}

function concludeOffloaded({ ranMs, queuedMs, eventLoop }: z.infer<typeof resultSchema>): string {
  const felt = `a timer of the event loop came ${count(eventLoop.ticks, 'time')} meanwhile and was at most ${ms(eventLoop.maxDelayMs)} late`;
  return eventLoop.maxDelayMs < ranMs / 2
    ? `The job ran ${ms(ranMs)} on another thread after waiting ${ms(queuedMs)} for it, and ${felt}: other requests went on.`
    : `The job ran ${ms(ranMs)} on another thread, yet ${felt}: something else held this worker, or the cores are all taken.`;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
