import { bytes, ms } from '../kit/answer/units.ts';
import type { Lesson } from '../kit/demo.ts';
import type { JobResult } from './job-result.ts';
import { describeEventLoop, placeRoute } from './place-route.ts';

export const thread = placeRoute({
  place: 'thread',
  path: '/thread',
  title: 'Count on a new thread',
  summary: 'Counts the same primes on a worker thread that is started for this job and ends with it.',
  teaches:
    'A worker thread keeps the event loop free. A new one per job adds a startup and a heap each time.',
  examples: [{ title: 'On a new thread', query: { as: 'text' } }],
  contrasts: ['cpu/inline', 'cpu/thread-pool', 'worker-threads/start-up'],
  conclude,
});

export function conclude(result: JobResult): Lesson {
  const { startUpMs, ranMs, heapBytes = 0 } = result;
  return {
    headline: `Starting a thread took ${ms(startUpMs)} for ${ms(ranMs)} of work`,
    text: `A thread took ${ms(startUpMs)} to start and ${bytes(heapBytes)} of heap for a job of ${ms(ranMs)}. ${describeEventLoop(result)}`,
  };
}
