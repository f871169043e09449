import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoRoute, type DemoRouteBase, type Lesson } from '../kit/demo.ts';
import { judgeDelay } from '../kit/measure/delay.ts';
import { primesMs } from '../kit/primes/primes-cost.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { jobSchema, measureJob, type JobResult } from './job-result.ts';
import type { PlaceName } from './places.ts';

export const DEFAULT_SLICE_MS = 5;

export const placeQuery = z.object({
  limit: wholeNumber('Counts the primes below this number', { min: 1_000, max: 5_000_000, default: 800_000 }),
});

interface PlaceRoute extends Pick<
  DemoRouteBase,
  'path' | 'title' | 'summary' | 'teaches' | 'examples' | 'contrasts'
> {
  readonly place: PlaceName;
  readonly conclude: (result: JobResult) => Lesson;
}

/** Declares a route that measures the job in one place. */
export function placeRoute({ place, conclude, ...texts }: PlaceRoute): DemoRoute {
  return demoRoute({
    ...texts,
    method: 'get',
    alone: true,
    query: placeQuery,
    result: jobSchema,
    async run({ query, timeline, resources, signal }) {
      const blocks = place === 'inline' ? 'block the event loop' : 'run';
      rejectLongWork(blocks, primesMs(query.limit, resources), ['limit']);
      const job = { ...query, sliceMs: DEFAULT_SLICE_MS, resources, signal };
      const result = await measureJob(place, job, timeline);
      return { result, lesson: conclude(result) };
    },
  });
}

/** Whether the event loop was free while the job ran elsewhere. */
export function describeEventLoop({ callMs = 0, eventLoop: { ticks, maxDelayMs } }: JobResult): string {
  const delay = `A timer on this event loop fired ${count(ticks, 'time')} and was at most ${ms(maxDelayMs)} late`;
  const verdict = judgeDelay(maxDelayMs);
  if (verdict === 'good' || verdict === 'acceptable') {
    return `${delay}: the event loop was free for other requests.`;
  }
  return callMs > maxDelayMs / 2
    ? `${delay}, ${ms(callMs)} of it in the call that starts the process: that call blocks the event loop.`
    : `${delay}, although the job ran elsewhere; this run does not show why.`;
}
