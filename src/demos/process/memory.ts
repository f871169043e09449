import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { collectGarbage } from '../evidence/collect-garbage.ts';
import { bytes, count, percent } from '../evidence/words.ts';

const meanings = {
  rss: 'pages in memory now, of any kind',
  heapTotal: 'taken by V8 for the heap',
  heapUsed: 'used of it by objects, garbage included',
  external: 'held by objects outside of the heap',
  arrayBuffers: 'the part of external in buffers',
} as const;
type Figure = keyof typeof meanings;
const figures = Object.keys(meanings) as Figure[];

const rowSchema = z.strictObject({
  figure: z.enum(figures as [Figure, ...Figure[]]),
  beforeBytes: z.number(),
  heldBytes: z.number().describe('While the memory is held'),
  releasedBytes: z.number().describe('After it was let go and garbage was collected'),
  meaning: z.string(),
});
export type MemoryRow = z.infer<typeof rowSchema>;

const ARRAY_LENGTH = 4_096;
/** In the heap, of a number with a fraction. */
const NUMBER_BYTES = 8;
const PIECE_BYTES = 1_000_000;

export const memory = demoRoute({
  method: 'get',
  path: '/memory',
  summary: 'Takes memory of one kind, lets it go, and shows which of the figures noticed.',
  teaches:
    'heapUsed does not know of buffers, and rss does not know of memory nobody has touched, nor shrinks when objects are ' +
    'gone: which figure to watch depends on what leaks.',
  query: z.object({
    of: oneOf('What is taken: objects, buffers, or buffers nobody writes to', [
      'buffers',
      'objects',
      'untouched',
    ]),
    megabytes: wholeNumber('How much of it', { min: 1, max: 128, default: 32 }),
  }),
  result: z.strictObject({ of: z.string(), takenBytes: z.number(), figures: z.array(rowSchema) }),
  examples: [
    { title: 'Buffers', query: { of: 'buffers', as: 'text' } },
    { title: 'Objects', query: { of: 'objects', as: 'text' } },
    { title: 'Buffers that nobody writes to', query: { of: 'untouched', as: 'text' } },
  ],
  contrasts: ['process/memory?of=buffers', 'process/memory?of=objects', 'process/memory?of=untouched'],
  async run({ query: { of, megabytes }, signal, timeline, tools }) {
    const result = await tools.budgets.megabytes.use(megabytes, signal, async () => {
      collectGarbage('major');
      const before = process.memoryUsage();
      const { held, takenBytes } = await timeline.record(`take ${megabytes} MB`, of, () => {
        // What is taken is known in this function only: at its end nobody holds it any more.
        const pieces = take(of, megabytes);
        const pieceBytes = of === 'objects' ? ARRAY_LENGTH * NUMBER_BYTES : PIECE_BYTES;
        return { held: process.memoryUsage(), takenBytes: pieces.length * pieceBytes };
      });
      await timeline.record('let go and collect', of, async () => {
        collectGarbage('major');
        await sleep(10, undefined, { signal }); // buffers are given back a little after the collection
        collectGarbage('minor');
      });
      const released = process.memoryUsage();
      return {
        of,
        takenBytes,
        figures: figures.map((figure) => ({
          figure,
          beforeBytes: before[figure],
          heldBytes: held[figure],
          releasedBytes: released[figure],
          meaning: meanings[figure],
        })),
      };
    });
    return { result, lesson: conclude(of, result.takenBytes, result.figures) };
  },
});

function take(of: 'buffers' | 'objects' | 'untouched', megabytes: number): unknown[] {
  if (of === 'objects') {
    const arrays = Math.round((megabytes * 1e6) / (ARRAY_LENGTH * NUMBER_BYTES));
    return Array.from({ length: arrays }, (_, i) => new Array<number>(ARRAY_LENGTH).fill(i + 0.5));
  }
  return Array.from({ length: megabytes }, () =>
    // An ArrayBuffer is zero by the system's promise, which gives a page only when it is written to.
    of === 'untouched' ? new ArrayBuffer(PIECE_BYTES) : Buffer.alloc(PIECE_BYTES, 1),
  );
}

/** Names the figures that rose by about what was taken, and those that did not. */
export function conclude(of: string, takenBytes: number, rows: readonly MemoryRow[]): string {
  const share = ({ beforeBytes, heldBytes }: MemoryRow) =>
    Math.max(0, (heldBytes - beforeBytes) / takenBytes);
  const names = (some: readonly MemoryRow[]) =>
    some.map((row) => `${row.figure} (${percent(share(row))})`).join(', ') || 'none';
  const noticed = rows.filter((row) => share(row) > 0.6);
  const not = rows.filter((row) => share(row) <= 0.6);
  const rss = rows.find(({ figure }) => figure === 'rss');
  const kept = rss === undefined ? 0 : rss.releasedBytes - rss.beforeBytes;
  const after =
    kept > takenBytes / 4
      ? `afterwards rss was still ${bytes(kept)} higher than before: memory that is free again is not always given back`
      : `afterwards rss was back within ${bytes(Math.abs(kept))} of what it was`;
  const what = of === 'untouched' ? 'buffers nobody wrote to' : of;
  return `When ${bytes(takenBytes)} of ${what} were taken, ${count(noticed.length, 'figure')} rose by most of it: ${names(noticed)}; the others did not: ${names(not)}; ${after}.`;
}
