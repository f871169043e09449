import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { judgeDelay } from '../kit/measure/delay.ts';
import { primesMs } from '../kit/primes/primes-cost.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { jobSchema, measureJob, type JobResult } from './job-result.ts';
import { DEFAULT_SLICE_MS, placeQuery } from './place-route.ts';

export const chunked = demoRoute({
  method: 'get',
  path: '/chunked',
  title: 'Count in slices',
  summary:
    'Counts the same primes on the event loop in slices, and lets the event loop iterate between them.',
  teaches:
    'If a job is divided, each other callback waits for one slice only: up to 10 ms is good, 100 ms is as bad as a ' +
    'blocked loop. The job still uses the main thread.',
  query: placeQuery.extend({
    sliceMs: wholeNumber('How long a slice may block the event loop, in milliseconds', {
      min: 1,
      max: 1_000,
      default: DEFAULT_SLICE_MS,
    }),
  }),
  alone: true,
  result: jobSchema,
  examples: [
    { title: 'In slices of 5 ms', query: { as: 'text' } },
    { title: 'In slices longer than the job', query: { sliceMs: 1_000, as: 'text' } },
  ],
  contrasts: ['cpu/inline', 'cpu/thread-pool'],
  async run({ query, timeline, resources, signal }) {
    const totalMs = primesMs(query.limit, resources);
    rejectLongWork('block the event loop', Math.min(query.sliceMs, totalMs), ['sliceMs', 'limit']);
    rejectLongWork('run', totalMs, ['limit']);
    const result = await measureJob('chunked', { ...query, resources, signal }, timeline);
    return { result, lesson: conclude(result) };
  },
});

export function conclude({ ranMs, slices = 1, eventLoop: { maxDelayMs } }: JobResult): Lesson {
  const total = `The job ran ${ms(ranMs)} on the event loop in ${count(slices, 'slice')}`;
  const verdict = judgeDelay(maxDelayMs);
  if (slices === 1 && verdict === 'good') {
    return {
      headline: `A job of ${ms(ranMs)} is too short to need slices`,
      text: `${total}, and a timer was at most ${ms(maxDelayMs)} late. Raise limit to see what slices change.`,
    };
  }
  return slices > 1 && verdict !== 'blocked'
    ? {
        headline: `With ${slices} slices, a timer was at most ${ms(maxDelayMs)} late`,
        text: `${total} of about ${ms(ranMs / slices)}, and a timer was at most ${ms(maxDelayMs)} late${verdict === 'felt' ? ', which clients feel' : ''}. Other callbacks ran between the slices, but this thread still did all the work.`,
      }
    : {
        headline:
          slices === 1
            ? 'One slice is the same as an inline job'
            : `With ${slices} slices, a timer was still ${ms(maxDelayMs)} late`,
        text: `${total}, and a timer was at most ${ms(maxDelayMs)} late. Slices this long block the event loop as an inline job does. Raise limit or lower sliceMs.`,
      };
}
