import { ms } from '../kit/answer/units.ts';
import type { Lesson } from '../kit/demo.ts';
import type { JobResult } from './job-result.ts';
import { placeRoute } from './place-route.ts';

export const inline = placeRoute({
  place: 'inline',
  path: '/inline',
  title: 'Count on the event loop',
  summary: 'Counts primes on the event loop itself, the wrong way.',
  teaches:
    'While JavaScript computes on the main thread, this process handles no other request and fires no timer.',
  examples: [{ title: 'On the event loop', query: { as: 'text' } }],
  contrasts: ['cpu/chunked', 'cpu/thread', 'cpu/thread-pool', 'cpu/child', 'cpu/fork'],
  conclude,
});

export function conclude({ ranMs, eventLoop: { maxDelayMs } }: JobResult): Lesson {
  return maxDelayMs > ranMs / 2
    ? {
        headline: `The job blocked the event loop for ${ms(maxDelayMs)}`,
        text: `The job ran ${ms(ranMs)} on the event loop, and a timer was ${ms(maxDelayMs)} late. Any other request to this worker had to wait as long.`,
      }
    : {
        headline: `A job of ${ms(ranMs)} is too short to show blocking`,
        text: `The job ran only ${ms(ranMs)}, too short to delay a 5 ms timer much: it was ${ms(maxDelayMs)} late. Raise limit.`,
      };
}
