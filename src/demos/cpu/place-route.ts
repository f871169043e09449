import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoRoute, type DemoRouteBase, type Lesson } from '../kit/demo.ts';
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
    query: placeQuery,
    result: jobSchema,
    async run({ query, timeline, resources, signal }) {
      const job = { ...query, sliceMs: DEFAULT_SLICE_MS, resources, signal };
      const result = await measureJob(place, job, timeline);
      return { result, lesson: conclude(result) };
    },
  });
}

/** Whether the event loop was free while the job ran elsewhere. */
export function describeEventLoop({ ranMs, eventLoop: { ticks, maxDelayMs } }: JobResult): string {
  const delay = `A timer on this event loop fired ${count(ticks, 'time')} and was at most ${ms(maxDelayMs)} late`;
  return maxDelayMs < ranMs / 2
    ? `${delay}: the event loop was free for other requests.`
    : `${delay}: the job was too short to tell, or all cores were busy.`;
}
