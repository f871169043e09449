import { setImmediate as nextIteration } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { z } from 'zod';
import { bytes } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';
import type { Timeline } from '../kit/measure/timeline.ts';

/** One allocation of each kind, small enough not to block the event loop. */
const allocations = {
  'small-objects': {
    bytes: 10_000 * 64,
    allocate: (): object => Array.from({ length: 10_000 }, (_, i) => ({ id: i, next: { value: i } })),
  },
  'large-arrays': { bytes: 100_000 * 8, allocate: () => new Array<number>(100_000).fill(1.5) },
  buffers: { bytes: 1_000_000, allocate: () => Buffer.alloc(1_000_000, 1) },
} as const;
type Kind = keyof typeof allocations;

const spaceRow = z.strictObject({
  space: z.string(),
  usedBytes: z.number().describe('Before the allocation'),
  grewBytes: z.number().describe('Growth while everything is reachable'),
  leftBytes: z.number().describe('Growth that remains after it was released and collected'),
});

const result = z.strictObject({
  kind: z.string(),
  allocatedBytes: z.number().describe('Approximate size of the allocation'),
  heapGrewBytes: z.number(),
  offHeapGrewBytes: z.number().describe('Growth of the memory of buffers, which is outside the heap'),
  grewMost: z.string(),
  leftBytes: z.number().describe('Total growth that remains after everything was released and collected'),
  spaces: z.array(spaceRow),
});
type Result = z.infer<typeof result>;

export const heap = demoRoute({
  method: 'get',
  path: '/heap',
  title: 'Heap spaces',
  summary:
    'Allocates objects, large arrays or buffers, and shows which part of the memory grows and shrinks.',
  teaches:
    'The heap consists of spaces. New objects start in new space and survivors move to old space; large objects have ' +
    'their own space, and the bytes of a Buffer are outside the heap.',
  query: z.object({
    kind: oneOf('What to allocate', ['small-objects', 'large-arrays', 'buffers']),
    megabytes: wholeNumber('Approximate size in MB', { min: 1, max: 128, default: 24 }),
  }),
  result,
  examples: [
    { title: 'Small objects', query: { kind: 'small-objects', as: 'text' } },
    { title: 'Large arrays', query: { kind: 'large-arrays', as: 'text' } },
    { title: 'Buffers', query: { kind: 'buffers', as: 'text' } },
  ],
  contrasts: ['v8/heap?kind=small-objects', 'v8/heap?kind=large-arrays', 'v8/heap?kind=buffers'],
  async run({ query: { kind, megabytes }, signal, timeline, resources }) {
    const observed = await resources.budgets.megabytes.use(megabytes, signal, () =>
      allocate(kind, megabytes, timeline, signal),
    );
    return { result: observed, lesson: conclude(observed) };
  },
});

async function allocate(
  kind: Kind,
  megabytes: number,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Result> {
  collectGarbage('major');
  const before = readMemory();
  const allocation = allocations[kind];
  const wanted = Math.ceil((megabytes * 1e6) / allocation.bytes);
  const held: object[] = [];
  await timeline.record('allocate', 'event loop', async () => {
    for (let i = 0; i < wanted; i += 1) {
      held.push(allocation.allocate());
      if (i % 4 === 3) await nextIteration();
      signal.throwIfAborted();
    }
  });
  await timeline.record('collect, all reachable', 'event loop', () => collectGarbage('major'));
  const during = readMemory();
  held.length = 0;
  // What the last iterations of the loop referenced is collectable only in a later one.
  await nextIteration();
  await timeline.record('collect, all released', 'event loop', () => collectGarbage('major'));
  return describe(kind, wanted * allocation.bytes, before, during, readMemory());
}

interface Memory {
  readonly spaces: ReadonlyMap<string, number>;
  readonly heap: number;
  readonly offHeap: number;
}

function readMemory(): Memory {
  const spaces = new Map(
    getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size] as const),
  );
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { spaces, heap: heapUsed, offHeap: arrayBuffers };
}

function describe(kind: Kind, allocatedBytes: number, before: Memory, during: Memory, after: Memory): Result {
  const growth = (space: string, now: Memory) =>
    (now.spaces.get(space) ?? 0) - (before.spaces.get(space) ?? 0);
  const spaces = [...before.spaces]
    .map(([space, usedBytes]) => ({
      space,
      usedBytes,
      grewBytes: growth(space, during),
      leftBytes: growth(space, after),
    }))
    .filter(({ usedBytes, grewBytes }) => usedBytes > 0 || grewBytes > 0);
  const offHeapGrewBytes = during.offHeap - before.offHeap;
  const most = spaces.reduce((a, b) => (b.grewBytes > a.grewBytes ? b : a));
  return {
    kind,
    allocatedBytes,
    heapGrewBytes: during.heap - before.heap,
    offHeapGrewBytes,
    grewMost: offHeapGrewBytes > most.grewBytes ? 'off-heap memory' : most.space,
    leftBytes: after.heap - before.heap + after.offHeap - before.offHeap,
    spaces,
  };
}

function conclude(observed: Result): Lesson {
  const { kind, heapGrewBytes, offHeapGrewBytes, grewMost, leftBytes, allocatedBytes } = observed;
  const what = kind.replace('-', ' ');
  const place = grewMost.replaceAll('_', ' ');
  const rest =
    leftBytes < (heapGrewBytes + offHeapGrewBytes) / 4
      ? `After they were released and collected, ${bytes(Math.max(0, leftBytes))} were left.`
      : `${bytes(leftBytes)} were left after they were released: this worker was busy with other work, or something still references them.`;
  return {
    headline: `Most of the growth was in ${place}`,
    text:
      `About ${bytes(allocatedBytes)} of ${what} took ${bytes(Math.max(0, heapGrewBytes))} on the heap and ` +
      `${bytes(Math.max(0, offHeapGrewBytes))} outside it. ${rest}`,
  };
}
