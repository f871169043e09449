import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { collectGarbage } from '../evidence/collect-garbage.ts';
import { bytes } from '../evidence/words.ts';

const spaceRow = z.strictObject({
  space: z.string(),
  usedBytes: z.number().describe('Before anything was allocated'),
  grewBytes: z.number().describe('With what was allocated still held'),
  leftBytes: z.number().describe('What of that was left after it was let go and collected'),
});

const result = z.strictObject({
  kind: z.string(),
  allocatedBytes: z.number().describe('About so much was asked for'),
  heapGrewBytes: z.number(),
  besideHeapGrewBytes: z.number().describe('Memory of buffers, which is beside the heap'),
  grewMost: z.string(),
  leftBytes: z.number().describe('Left of all after it was let go and collected'),
  spaces: z.array(spaceRow),
});
type Seen = z.infer<typeof result>;
type Kind = 'small-objects' | 'large-arrays' | 'buffers';

/** Slices of this size keep the event loop free. */
const SLICE_BYTES = 1_000_000;
const LARGE_ELEMENTS = 100_000;

/** What holds about so many bytes, in each kind. */
const makers: Readonly<Record<Kind, () => object>> = {
  'small-objects': () => Array.from({ length: 10_000 }, (_, i) => ({ id: i, next: { value: i } })),
  'large-arrays': () => new Array<number>(LARGE_ELEMENTS).fill(1.5),
  buffers: () => Buffer.alloc(SLICE_BYTES, 1),
};

const sizes: Readonly<Record<Kind, number>> = {
  'small-objects': 10_000 * 64,
  'large-arrays': LARGE_ELEMENTS * 8,
  buffers: SLICE_BYTES,
};

export const heap = demoRoute({
  method: 'get',
  path: '/heap',
  summary: 'Allocates objects, large arrays or buffers, and shows which part of the memory grew and shrank.',
  teaches:
    'The heap is made of spaces: new objects begin in the new space, survivors move to the old one, large ones have a ' +
    'space of their own, and the bytes of a Buffer are beside the heap.',
  query: z.object({
    kind: oneOf('What is allocated', ['small-objects', 'large-arrays', 'buffers']),
    megabytes: wholeNumber('How much of it, about', { min: 1, max: 128, default: 24 }),
  }),
  result,
  examples: [
    { title: 'Small objects', query: { kind: 'small-objects', as: 'text' } },
    { title: 'Large arrays', query: { kind: 'large-arrays', as: 'text' } },
    { title: 'Buffers', query: { kind: 'buffers', as: 'text' } },
  ],
  contrasts: ['v8/heap?kind=small-objects', 'v8/heap?kind=large-arrays', 'v8/heap?kind=buffers'],
  async run({ query: { kind, megabytes }, signal, timeline, tools }) {
    const seen = await tools.budgets.megabytes.use(megabytes, signal, async () => {
      collectGarbage('major');
      const before = look();
      const held: object[] = [];
      const wanted = Math.ceil((megabytes * 1e6) / sizes[kind]);
      const end = timeline.begin('allocate', 'event loop');
      for (let i = 0; i < wanted; i += 1) {
        held.push(makers[kind]());
        if (i % 4 === 3) await nextTurn();
        signal.throwIfAborted();
      }
      end();
      await timeline.record('collect, all still held', 'event loop', () => collectGarbage('major'));
      const during = look();
      held.length = 0;
      // What the last turns of the loop held is free only in a later one.
      await nextTurn();
      await timeline.record('collect, all let go', 'event loop', () => collectGarbage('major'));
      // The bytes of buffers are freed by another thread; the next collection waits until it has done so.
      collectGarbage('minor');
      const after = look();
      return describe(kind, wanted * sizes[kind], before, during, after);
    });
    return { result: seen, lesson: conclude(seen) };
  },
});

interface Look {
  readonly spaces: ReadonlyMap<string, number>;
  readonly heap: number;
  readonly beside: number;
}

function look(): Look {
  const spaces = new Map(
    getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size] as const),
  );
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { spaces, heap: heapUsed, beside: arrayBuffers };
}

function describe(kind: Kind, allocatedBytes: number, before: Look, during: Look, after: Look): Seen {
  const grew = (space: string, now: Look) => (now.spaces.get(space) ?? 0) - (before.spaces.get(space) ?? 0);
  const spaces = [...before.spaces]
    .map(([space, usedBytes]) => ({
      space,
      usedBytes,
      grewBytes: grew(space, during),
      leftBytes: grew(space, after),
    }))
    .filter(({ usedBytes, grewBytes }) => usedBytes > 0 || grewBytes > 0);
  const besideHeapGrewBytes = during.beside - before.beside;
  const most = spaces.reduce((a, b) => (b.grewBytes > a.grewBytes ? b : a));
  return {
    kind,
    allocatedBytes,
    heapGrewBytes: during.heap - before.heap,
    besideHeapGrewBytes,
    grewMost: besideHeapGrewBytes > most.grewBytes ? 'beside the heap' : most.space,
    leftBytes: after.heap - before.heap + after.beside - before.beside,
    spaces,
  };
}

function conclude(seen: Seen): string {
  const { kind, heapGrewBytes, besideHeapGrewBytes, grewMost, leftBytes, allocatedBytes } = seen;
  const total = heapGrewBytes + besideHeapGrewBytes;
  const place = grewMost === 'beside the heap' ? grewMost : `in its ${grewMost.replaceAll('_', ' ')}`;
  const where = `${kind.replace('-', ' ')} were ${bytes(Math.max(0, heapGrewBytes))} on the heap and ${bytes(Math.max(0, besideHeapGrewBytes))} beside it, most of them ${place}`;
  const rest =
    leftBytes < total / 4
      ? `once they were let go and collected ${bytes(Math.max(0, leftBytes))} were left`
      : `${bytes(leftBytes)} were left after they were let go: this worker was busy with something else, or something still holds them`;
  return `What was taken for ${bytes(allocatedBytes)} of ${where}; ${rest}.`;
}
