import { z } from 'zod';
import { bytes, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { HeapOptions, HeapReport, Memory } from './heap-thread.ts';

const heapProgram = new URL('./heap-thread.ts', import.meta.url);
/** Large enough to hold one fresh piece in new space. */
const LIMITS = { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 512 };

const stageRow = z.strictObject({
  stage: z.string(),
  newSpaceBytes: z.number(),
  oldSpaceBytes: z.number(),
  largeObjectSpaceBytes: z.number().describe('Large objects, new and old'),
});
type Stage = z.infer<typeof stageRow>;

const spaceRow = z.strictObject({
  space: z.string(),
  usedBytes: z.number().describe('Before the allocation'),
  grewBytes: z.number().describe('Growth while everything is reachable'),
  leftBytes: z.number().describe('Growth that remains after it was released and collected'),
});

const result = z.strictObject({
  kind: z.string(),
  allocatedBytes: z.number().describe('The measured size of one piece, times all pieces'),
  pieceBytes: z.number().describe('Growth of the heap and of the memory outside it by one piece'),
  stages: z.array(stageRow).describe('Where one piece is, at each stage of its life'),
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
    'Allocates objects, large arrays or buffers on a fresh thread, and shows which part of its memory grows and shrinks.',
  teaches:
    'The heap consists of spaces. New objects start in new space (the young generation). A scavenge copies survivors ' +
    'within it once, and the next one promotes them to old space. Large objects have a space of their own, and the bytes ' +
    'of a Buffer are outside the heap.',
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
    const observed = await resources.budgets.megabytes.use(2 * megabytes, signal, () =>
      resources.budgets.threads.use(1, signal, () =>
        timeline.record('allocate and release', 'thread', () =>
          allocate({ kind, megabytes }, { signal, resources }),
        ),
      ),
    );
    return { result: observed, lesson: conclude(observed) };
  },
});

async function allocate(
  data: HeapOptions,
  { signal, resources }: Pick<DemoCall<never, never, never>, 'signal' | 'resources'>,
): Promise<Result> {
  const report = await resources.threads.run(
    heapProgram,
    { data, signal, resourceLimits: LIMITS },
    async (thread) => (await nextMessage<HeapReport>(thread)).message,
  );
  return describe(data.kind, report);
}

function describe(kind: string, report: HeapReport): Result {
  const { pieces, pieceBytes, before, during, after } = report;
  const growth = (space: string, now: Memory) => (now.spaces[space] ?? 0) - (before.spaces[space] ?? 0);
  const spaces = Object.entries(before.spaces)
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
    allocatedBytes: pieces * pieceBytes,
    pieceBytes,
    stages: report.stages.map(({ stage, spaces: grown }) => ({
      stage,
      newSpaceBytes: Math.max(0, grown['new_space'] ?? 0),
      oldSpaceBytes: Math.max(0, grown['old_space'] ?? 0),
      largeObjectSpaceBytes: Math.max(
        0,
        (grown['large_object_space'] ?? 0) + (grown['new_large_object_space'] ?? 0),
      ),
    })),
    heapGrewBytes: during.heap - before.heap,
    offHeapGrewBytes,
    grewMost: offHeapGrewBytes > most.grewBytes ? 'off-heap memory' : most.space,
    leftBytes: after.heap - before.heap + after.offHeap - before.offHeap,
    spaces,
  };
}

export function conclude(observed: Result): Lesson {
  const { kind, heapGrewBytes, offHeapGrewBytes, grewMost, leftBytes, allocatedBytes } = observed;
  const what = kind.replace('-', ' ');
  const place = grewMost.replaceAll('_', ' ');
  const rest =
    leftBytes < (heapGrewBytes + offHeapGrewBytes) / 4
      ? `After they were released and collected, ${bytes(Math.max(0, leftBytes))} were left.`
      : `${bytes(leftBytes)} were left after they were released: something still references them.`;
  return {
    headline: `Most of the growth was in ${place}`,
    text:
      `${bytes(allocatedBytes)} of ${what} took ${bytes(Math.max(0, heapGrewBytes))} on the heap and ` +
      `${bytes(Math.max(0, offHeapGrewBytes))} outside it. ${describeLife(observed.pieceBytes, observed.stages)}${rest}`,
  };
}

/** Where one piece was at each stage, if it was on the heap. */
function describeLife(pieceBytes: number, stages: readonly Stage[]): string {
  const places = stages.flatMap(({ stage, newSpaceBytes, oldSpaceBytes, largeObjectSpaceBytes }) => {
    const [space, size] = (
      [
        ['new space', newSpaceBytes],
        ['old space', oldSpaceBytes],
        ['large object space', largeObjectSpaceBytes],
      ] as const
    ).reduce((a, b) => (b[1] > a[1] ? b : a));
    return size < pieceBytes / 2 ? [] : `${space} ${stage} (${percent(Math.min(1, size / pieceBytes))})`;
  });
  return places.length === 0 ? '' : `Most of one piece was in ${places.join(', ')}. `;
}
