import { bytes, ms } from '../kit/answer/units.ts';
import type { Lesson } from '../kit/demo.ts';
import type { JobResult } from './job-result.ts';
import { describeEventLoop, placeRoute } from './place-route.ts';

export const child = placeRoute({
  place: 'child',
  path: '/child',
  title: 'Count in a child process',
  summary: 'Counts the same primes in a child process that prints the result and exits.',
  teaches:
    'A child process isolates a job best: it has its own memory, and its crash does not end the parent. Each job pays ' +
    'for a process startup.',
  examples: [{ title: 'In a child process', query: { as: 'text' } }],
  contrasts: ['cpu/inline', 'cpu/fork', 'cpu/thread'],
  conclude,
});

export function conclude(result: JobResult): Lesson {
  const { startUpMs, ranMs, handOverMs, privateBytes = 0 } = result;
  return {
    headline: `Starting a process took ${ms(startUpMs)} for ${ms(ranMs)} of work`,
    text:
      `A process took ${ms(startUpMs)} to start and ran the job in ${ms(ranMs)}. It exited and its output was read ` +
      `${ms(handOverMs)} later; it had ${bytes(privateBytes)} of memory of its own. ${describeEventLoop(result)}`,
  };
}
