import { z } from 'zod';
import { bytes, count, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';
import type { MemoryReport } from './memory-child.ts';

const program = new URL('./memory-child.ts', import.meta.url);

const meanings = {
  rss: 'all pages of the process in physical memory',
  heapTotal: 'reserved by V8 for its heap',
  heapUsed: 'used by objects in it, including garbage',
  external: 'outside the heap, owned by objects in it',
  arrayBuffers: 'the part of external in buffers',
} as const;
type Figure = keyof typeof meanings;
const figures = Object.keys(meanings) as Figure[];

const rowSchema = z.strictObject({
  figure: z.enum(figures as [Figure, ...Figure[]]),
  beforeBytes: z.number(),
  heldBytes: z.number().describe('While the memory is in use'),
  releasedBytes: z.number().describe('After its release and a garbage collection'),
  meaning: z.string(),
});
export type MemoryRow = z.infer<typeof rowSchema>;

export const memory = demoRoute({
  method: 'get',
  path: '/memory',
  title: 'Read the memory figures',
  summary:
    'Allocates memory of one kind in a fresh child process, releases it, and shows which memory figures change.',
  teaches:
    'heapUsed does not include buffers. rss does not include pages that were never written to, and does not necessarily ' +
    'shrink when objects are freed. The figure to watch depends on what leaks.',
  query: z.object({
    of: oneOf('What is allocated: buffers, objects, or buffers that are never written to', [
      'buffers',
      'objects',
      'untouched',
    ]),
    // Less may fit into memory that the process has already.
    megabytes: wholeNumber('How much is allocated, in MB', { min: 8, max: 128, default: 32 }),
  }),
  result: z.strictObject({ of: z.string(), takenBytes: z.number(), figures: z.array(rowSchema) }),
  examples: [
    { title: 'Buffers', query: { of: 'buffers', as: 'text' } },
    { title: 'Objects', query: { of: 'objects', as: 'text' } },
    { title: 'Buffers that are never written to', query: { of: 'untouched', as: 'text' } },
  ],
  contrasts: ['process/memory?of=buffers', 'process/memory?of=objects', 'process/memory?of=untouched'],
  async run({ query: { of, megabytes }, signal, timeline, resources }) {
    const result = await resources.budgets.megabytes.use(megabytes, signal, () =>
      resources.budgets.children.use(1, signal, async () => {
        const started = resources.children.startNode(program, { args: [of, String(megabytes)], signal });
        const output = await timeline.record(`allocate and release ${megabytes} MB`, 'child', () =>
          withChild(started, readOutput),
        );
        signal.throwIfAborted();
        const { takenBytes, before, held, released } = JSON.parse(output) as MemoryReport;
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
      }),
    );
    return { result, lesson: conclude(of, result.takenBytes, result.figures) };
  },
});

/** Names the figures that rose by about what was allocated, and those that did not. */
export function conclude(of: string, takenBytes: number, rows: readonly MemoryRow[]): Lesson {
  const share = ({ beforeBytes, heldBytes }: MemoryRow) =>
    Math.max(0, (heldBytes - beforeBytes) / takenBytes);
  const list = (some: readonly MemoryRow[]) =>
    some.map((row) => `${row.figure} (${percent(share(row))})`).join(', ') || 'none';
  const risen = rows.filter((row) => share(row) > 0.6);
  const others = rows.filter((row) => share(row) <= 0.6);
  const rss = rows.find(({ figure }) => figure === 'rss');
  const kept = rss === undefined ? 0 : rss.releasedBytes - rss.beforeBytes;
  const after =
    kept > takenBytes / 4
      ? `After the release, rss was still ${bytes(kept)} higher than before: freed memory is not always returned to the system.`
      : `After the release, rss was within ${bytes(Math.abs(kept))} of its old value.`;
  const heapTotal = rows.find(({ figure }) => figure === 'heapTotal');
  const reserve =
    heapTotal !== undefined && share(heapTotal) > 1.5
      ? ' heapTotal rose by more than the objects take: V8 reserves its young generation (the semi-spaces) in steps that double.'
      : '';
  const what = of === 'untouched' ? 'unwritten buffers' : of;
  return {
    headline: `${bytes(takenBytes)} of ${what} raised ${risen.map(({ figure }) => figure).join(', ') || 'no figure by as much'}`,
    text: `${count(risen.length, 'figure')} rose by more than 60% of what was allocated: ${list(risen)}. The others rose less: ${list(others)}.${reserve} ${after}`,
  };
}
