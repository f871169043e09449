import { ms } from '../kit/answer/units.ts';
import type { Lesson } from '../kit/demo.ts';
import type { JobResult } from './job-result.ts';
import { describeEventLoop, placeRoute } from './place-route.ts';

export const threadPool = placeRoute({
  place: 'thread-pool',
  path: '/thread-pool',
  title: 'Count on a pooled thread',
  summary: 'Counts the same primes on a thread of a worker pool, the right way for CPU work.',
  teaches:
    'A worker pool keeps the event loop free and starts no thread per job. Its queue bounds the load on the CPU.',
  examples: [{ title: 'On a pooled thread', query: { as: 'text' } }],
  contrasts: ['cpu/inline', 'cpu/thread'],
  conclude,
});

export function conclude(result: JobResult): Lesson {
  const { startUpMs, queuedMs, ranMs } = result;
  return startUpMs > 0
    ? {
        headline: `The pool took ${ms(startUpMs)} to start a thread`,
        text: `The pool had no idle thread: the job waited ${ms(startUpMs)} until one had started${queuedMs > 1 ? ` and ${ms(queuedMs)} in the queue` : ''}, and ran for ${ms(ranMs)}. ${describeEventLoop(result)}`,
      }
    : {
        headline: `A pooled thread began the job after ${ms(queuedMs)}`,
        text: `The job waited ${ms(queuedMs)} for a pooled thread, which ran it in ${ms(ranMs)}. ${describeEventLoop(result)}`,
      };
}
