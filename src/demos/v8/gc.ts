import { constants, performance, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { median } from '../evidence/statistics.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { bytes, count, ms, percent } from '../evidence/words.ts';

/** An entry of the collector; the types of Node.js do not know its detail. */
interface Pause {
  readonly startTime: number;
  readonly duration: number;
  readonly detail?: unknown;
}

/** The kinds of collection: https://nodejs.org/api/perf_hooks.html#performanceentrydetail */
const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'scavenge (young objects)',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'mark-compact (all)',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental marking',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak callbacks',
};

const kindRow = z.strictObject({
  kind: z.string(),
  collections: z.number(),
  totalMs: z.number(),
  longestMs: z.number(),
  meanMs: z.number(),
});

const result = z.strictObject({
  keep: z.string(),
  allocatedBytes: z
    .number()
    .describe('What an object grew the heap by, by the median of samples, times all objects'),
  objects: z.number(),
  elapsedMs: z.number(),
  collections: z.number(),
  pausedMs: z.number().describe('The sum of all pauses'),
  pausedShare: z.number().describe('Of the time in which objects were made, from 0 to 1'),
  longestPauseMs: z.number(),
  kinds: z.array(kindRow),
});
type Seen = z.infer<typeof result>;

/** Objects that are made before others get a turn: some milliseconds of work. */
const SLICE_OBJECTS = 10_000;
/** Objects over which the growth of the heap is measured: far less than the young space, so few see a collection. */
const SAMPLE_OBJECTS = 1_000;
/** Objects that are always reachable: the latest few. */
const RECENT = 16;
/** About what an object takes, with its array of eight doubles; what was really allocated is measured. */
const OBJECT_BYTES = 152;
/** This share of the objects is held until the end where some are kept. */
const KEPT_SHARE = 0.25;

export const gc = demoRoute({
  method: 'get',
  path: '/gc',
  summary: 'Makes a burst of garbage and shows every pause that its collection took.',
  teaches:
    'What dies young is nearly free: a scavenge copies only what survives. What is kept for a while is copied, promoted ' +
    'and marked, and pauses grow with it.',
  query: z.object({
    megabytes: wholeNumber('How much is allocated, about', { min: 1, max: 1_000, default: 200 }),
    keep: oneOf('What is kept until the end', ['nothing', 'some']),
  }),
  result,
  examples: [
    { title: 'Everything dies young', query: { keep: 'nothing', as: 'text' } },
    { title: 'A quarter is kept', query: { keep: 'some', as: 'text' } },
  ],
  contrasts: ['v8/gc?keep=nothing', 'v8/gc?keep=some'],
  async run({ query: { megabytes, keep }, signal, timeline, tools }) {
    const share = keep === 'some' ? KEPT_SHARE : 0;
    const heldMegabytes = Math.max(1, Math.ceil(megabytes * share));
    const seen = await tools.budgets.megabytes.use(heldMegabytes, signal, () =>
      burst(megabytes, keep, share, timeline, signal),
    );
    return { result: seen, lesson: conclude(seen) };
  },
});

async function burst(
  megabytes: number,
  keep: string,
  share: number,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Seen> {
  const pauses: Pause[] = [];
  const observer = new PerformanceObserver((list) => {
    pauses.push(...list.getEntries());
  });
  observer.observe({ entryTypes: ['gc'] });
  try {
    const objects = Math.ceil((megabytes * 1e6) / OBJECT_BYTES);
    const startedAt = performance.now();
    const { held, allocatedBytes } = await makeObjects(objects, share, signal);
    const endedAt = performance.now();
    await nextTurn(); // entries are delivered in a turn of their own
    pauses.push(...observer.takeRecords());
    held.length = 0;
    const during = pauses.filter(({ startTime }) => startTime >= startedAt && startTime <= endedAt);
    for (const { startTime, duration, detail } of during) {
      const from = startTime - timeline.startedAt;
      timeline.add('pause', kindOf(detail), from, from + duration);
    }
    return describe(keep, { objects, allocatedBytes, elapsedMs: endedAt - startedAt }, during);
  } finally {
    observer.disconnect();
  }
}

/** Makes objects in slices, and keeps a share of them until they are returned. */
async function makeObjects(objects: number, share: number, signal: AbortSignal) {
  const held: object[] = [];
  // Every object is reachable for a moment: one that nothing ever sees would not be made at all by optimised code.
  const recent = new Array<object | undefined>(RECENT).fill(undefined);
  const samples: number[] = [];
  for (let made = 0; made < objects; made += SLICE_OBJECTS) {
    const slice = Math.min(SLICE_OBJECTS, objects - made);
    const kept = Math.floor(slice * share);
    let before = getHeapStatistics().used_heap_size;
    for (let i = 0; i < slice; i += 1) {
      const object = { id: made + i, values: [0.5, i, 2.5, i, 4.5, i, 6.5, i] };
      recent[i % RECENT] = object;
      if (i < kept) held.push(object);
      if ((i + 1) % SAMPLE_OBJECTS === 0) {
        const after = getHeapStatistics().used_heap_size;
        samples.push(after - before);
        before = after;
      }
    }
    await nextTurn();
    signal.throwIfAborted();
  }
  // A collection within a sample takes from its growth, and may leave a part of it: the middle is that of one without.
  const allocatedBytes = Math.round((median(samples) / SAMPLE_OBJECTS) * objects);
  return { held, allocatedBytes };
}

function kindOf(detail: unknown): string {
  return kinds[(detail as { readonly kind: number }).kind] ?? 'other';
}

function describe(
  keep: string,
  made: { readonly objects: number; readonly allocatedBytes: number; readonly elapsedMs: number },
  pauses: readonly Pause[],
): Seen {
  const rows = [...Map.groupBy(pauses, ({ detail }) => kindOf(detail))].map(([kind, entries]) => {
    const durations = entries.map(({ duration }) => duration);
    const totalMs = durations.reduce((sum, each) => sum + each, 0);
    return {
      kind,
      collections: entries.length,
      totalMs: toMicroseconds(totalMs),
      longestMs: toMicroseconds(Math.max(...durations)),
      meanMs: toMicroseconds(totalMs / entries.length),
    };
  });
  const pausedMs = rows.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return {
    keep,
    allocatedBytes: made.allocatedBytes,
    objects: made.objects,
    elapsedMs: toMicroseconds(made.elapsedMs),
    collections: pauses.length,
    pausedMs: toMicroseconds(pausedMs),
    pausedShare: Math.round((1000 * pausedMs) / made.elapsedMs) / 1000,
    longestPauseMs: Math.max(0, ...rows.map(({ longestMs }) => longestMs)),
    kinds: rows,
  };
}

function conclude(seen: Seen): string {
  const {
    keep,
    objects,
    allocatedBytes,
    elapsedMs,
    collections,
    pausedMs,
    longestPauseMs,
    kinds: rows,
  } = seen;
  const made = `${objects.toLocaleString('en')} objects, about ${bytes(allocatedBytes)}, of which ${keep === 'nothing' ? 'none was' : 'a quarter were'} kept, were made in ${ms(elapsedMs)}`;
  if (collections === 0) {
    return `${made}, and the collector did not run: this is too little to fill the young space; raise megabytes.`;
  }
  const major = rows.find(({ kind }) => kind.startsWith('mark'));
  const whole =
    major === undefined
      ? 'none had to look at the whole heap'
      : `${major.collections} looked at the whole heap`;
  return `${made}; ${count(collections, 'collection')} paused this worker for ${ms(pausedMs)} in all (${percent(seen.pausedShare)} of the time), the longest for ${ms(longestPauseMs)}; ${whole}.`;
}
