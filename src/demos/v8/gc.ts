import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { bytes, count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { BurstOptions, BurstReport } from './gc-thread.ts';
import type { Pause } from './pauses.ts';

const burstProgram = new URL('./gc-thread.ts', import.meta.url);
/** Fixed, so that each run collects as often. */
const LIMITS = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 512 };

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
  pausedPer100MbMs: z.number().describe('pausedMs for each 100 MB that were allocated'),
  survivedBytes: z.number().describe('What was reachable at the end: what the collector had to copy or mark'),
  cpuMs: z.number().describe('CPU time of the thread, without the helper threads of V8'),
  pausedShare: z.number().describe('Share of the time in which objects were created, from 0 to 1'),
  longestPauseMs: z.number(),
  kinds: z.array(kindRow),
});
type Result = z.infer<typeof result>;

export const gc = demoRoute({
  method: 'get',
  path: '/gc',
  title: 'Garbage collection pauses',
  summary: 'Creates a burst of garbage on a fresh thread and shows every pause that its collection causes.',
  teaches:
    'A collection pays for survivors, not for garbage: a scavenge copies what is reachable in the young generation ' +
    '(semi-space), and mark-compact marks the whole heap. Objects that die young cost little.',
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
      resources.budgets.threads.use(1, signal, () =>
        measureBurst(keep, megabytes, share, { timeline, signal, resources }),
      ),
    );
    return { result: observed, lesson: conclude(observed) };
  },
});

async function measureBurst(
  keep: string,
  megabytes: number,
  share: number,
  { timeline, signal, resources }: Pick<DemoCall<never, never, never>, 'timeline' | 'signal' | 'resources'>,
): Promise<Result> {
  const objects = Math.ceil((megabytes * 1e6) / OBJECT_BYTES);
  const data: BurstOptions = { objects, share };
  const { allocatedBytes, survivedBytes, elapsedMs, cpuMs, pauses } = await resources.threads.run(
    burstProgram,
    { data, signal, resourceLimits: LIMITS },
    async (thread) => (await nextMessage<BurstReport>(thread)).message,
  );
  const zero = performance.timeOrigin + timeline.startedAt;
  for (const { kind, startedAt, durationMs } of pauses) {
    timeline.add('pause', kind, startedAt - zero, startedAt - zero + durationMs);
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
    pausedPer100MbMs: toMicroseconds((1e8 * pausedMs) / allocatedBytes),
    survivedBytes,
    cpuMs: toMicroseconds(cpuMs),
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
    headline: `Collections paused the thread for ${ms(observed.pausedPer100MbMs)} per 100 MB`,
    text:
      `${bytes(observed.survivedBytes)} survived, which the collector had to copy or mark. ${count(collections, 'collection')} ` +
      `paused the thread for ${ms(pausedMs)} in total, ${percent(pausedShare)} of the time; the longest took ` +
      `${ms(observed.longestPauseMs)}. ${whole} ${allocated}`,
  };
}
