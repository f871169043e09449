import { bytes, ms } from '../kit/answer/units.ts';
import type { Lesson } from '../kit/demo.ts';
import type { JobResult } from './job-result.ts';
import { describeEventLoop, placeRoute } from './place-route.ts';

export const fork = placeRoute({
  place: 'fork',
  path: '/fork',
  title: 'Count in a reusable child',
  summary: 'Counts the same primes in a child process with an IPC channel, then sends it a second job.',
  teaches: 'A child that keeps running takes its next job without a startup. Start it once, not per request.',
  examples: [{ title: 'In a child with a channel', query: { as: 'text' } }],
  contrasts: ['cpu/inline', 'cpu/child', 'child-processes/fork'],
  conclude,
});

export function conclude(result: JobResult): Lesson {
  const { startUpMs, handOverMs, privateBytes = 0, nextJobMs = 0 } = result;
  const next =
    nextJobMs < startUpMs / 2
      ? `A second job in the same child took ${ms(nextJobMs)}, without a startup.`
      : `A second job in the same child took ${ms(nextJobMs)}, which saved little.`;
  return {
    headline: `The second job took ${ms(nextJobMs)}, the startup ${ms(startUpMs)}`,
    text:
      `A child with an IPC channel took ${ms(startUpMs)} to start, and it had ${bytes(privateBytes)} of memory of its own. Its result ` +
      `arrived ${ms(handOverMs)} after the end of the job. ${next} ${describeEventLoop(result)}`,
  };
}
