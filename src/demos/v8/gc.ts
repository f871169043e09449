import { z } from 'zod';
import { bytes, count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { allocateObjects } from './allocation.ts';
import { observePauses, type Pause } from './pauses.ts';

/** The share of the objects that `keep=some` holds until the end. */
const KEPT_SHARE = 0.25;
/** Approximate size of an object with its array of eight doubles. The real size is measured. */
const OBJECT_BYTES = 152;

const kindRow = z.strictObject({
  kind: z.string(),
  collections: z.number(),
  totalMs: z.number(),
  longestMs: z.number(),
  meanMs: z.number(),
});

const result = z.strictObject({
  keep: z.string(),
  allocatedBytes: z.number().describe('Median heap growth per object, times the number of objects'),
  objects: z.number(),
  elapsedMs: z.number(),
  collections: z.number(),
  pausedMs: z.number().describe('The sum of all pauses'),
  pausedShare: z.number().describe('Share of the time in which objects were created, from 0 to 1'),
  longestPauseMs: z.number(),
  kinds: z.array(kindRow),
});
type Result = z.infer<typeof result>;

export const gc = demoRoute({
  method: 'get',
  path: '/gc',
  title: 'Garbage collection pauses',
  summary: 'Creates a burst of garbage and shows every pause that its collection causes.',
  teaches:
    'Objects that die young cost almost nothing, because a scavenge copies only the survivors. Objects that live ' +
    'longer are copied, promoted and marked, so pauses grow with them.',
  query: z.object({
    megabytes: wholeNumber('Approximate size of the allocation in MB', { min: 1, max: 1_000, default: 200 }),
    keep: oneOf('What stays reachable until the end', ['nothing', 'some']),
  }),
  result,
  examples: [
    { title: 'All objects die young', query: { keep: 'nothing', as: 'text' } },
    { title: 'A quarter stays reachable', query: { keep: 'some', as: 'text' } },
  ],
  contrasts: ['v8/gc?keep=nothing', 'v8/gc?keep=some'],
  async run({ query: { megabytes, keep }, signal, timeline, resources }) {
    const share = keep === 'some' ? KEPT_SHARE : 0;
    const heldMegabytes = Math.max(1, Math.ceil(megabytes * share));
    const observed = await resources.budgets.megabytes.use(heldMegabytes, signal, () =>
      measureBurst(keep, megabytes, share, timeline, signal),
    );
    return { result: observed, lesson: conclude(observed) };
  },
});

async function measureBurst(
  keep: string,
  megabytes: number,
  share: number,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Result> {
  const objects = Math.ceil((megabytes * 1e6) / OBJECT_BYTES);
  const {
    value: allocatedBytes,
    elapsedMs,
    pauses,
  } = await observePauses(() => allocateObjects(objects, share, signal));
  for (const { kind, startedAt, durationMs } of pauses) {
    const startMs = startedAt - timeline.startedAt;
    timeline.add('pause', kind, startMs, startMs + durationMs);
  }
  const kinds = [...Map.groupBy(pauses, ({ kind }) => kind)].map(([kind, group]) => summarize(kind, group));
  const pausedMs = kinds.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return {
    keep,
    allocatedBytes,
    objects,
    elapsedMs: toMicroseconds(elapsedMs),
    collections: pauses.length,
    pausedMs: toMicroseconds(pausedMs),
    pausedShare: Math.round((1000 * pausedMs) / elapsedMs) / 1000,
    longestPauseMs: Math.max(0, ...kinds.map(({ longestMs }) => longestMs)),
    kinds,
  };
}

function summarize(kind: string, pauses: readonly Pause[]) {
  const durations = pauses.map(({ durationMs }) => durationMs);
  const totalMs = durations.reduce((sum, each) => sum + each, 0);
  return {
    kind,
    collections: pauses.length,
    totalMs: toMicroseconds(totalMs),
    longestMs: toMicroseconds(Math.max(...durations)),
    meanMs: toMicroseconds(totalMs / pauses.length),
  };
}

function conclude(observed: Result): Lesson {
  const { keep, objects, allocatedBytes, elapsedMs, collections, pausedMs, pausedShare } = observed;
  const kept = keep === 'nothing' ? 'none' : 'a quarter';
  const allocated = `${objects.toLocaleString('en')} objects, about ${bytes(allocatedBytes)}, were created in ${ms(elapsedMs)}, and ${kept} stayed reachable.`;
  if (collections === 0) {
    return {
      headline: 'The garbage collector did not run',
      text: `${allocated} That did not fill the young generation. Raise megabytes.`,
    };
  }
  const major = observed.kinds.find(({ kind }) => kind.startsWith('mark'));
  const whole =
    major === undefined
      ? 'None covered the whole heap.'
      : `${major.collections} of them covered the whole heap.`;
  return {
    headline: `The longest of ${count(collections, 'collection pause')} lasted ${ms(observed.longestPauseMs)}`,
    text: `${allocated} ${count(collections, 'collection')} paused this worker for ${ms(pausedMs)} in total, ${percent(pausedShare)} of the time. ${whole}`,
  };
}
