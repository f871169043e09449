import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, ms, percent } from '../evidence/words.ts';
import { nextMessage } from '../work/thread.ts';
import type { Compressed } from './compress-task.ts';
import { contents } from './content.ts';

const task = new URL('./compress-task.ts', import.meta.url);

const rowSchema = z.strictObject({
  encoding: z.string(),
  level: z.number().nullable(),
  bytes: z.number(),
  percentOfOriginal: z.number(),
  cpuMs: z.number().describe('CPU time of one run, on the thread that compressed'),
  elapsedMs: z.number(),
  restored: z.boolean().describe('Whether decompressing gave the content back'),
});
type Row = z.infer<typeof rowSchema>;

export const compareRoute = demoRoute({
  method: 'get',
  path: '/compare',
  summary: 'One content through gzip, deflate, br and zstd at several levels: size against CPU time.',
  teaches:
    'The highest level is for what is compressed once and sent often. What is made for each request wants a low level, or none.',
  query: z.object({
    bytes: wholeNumber('Size of the content', { min: 1, max: 1_000_000, default: 100_000 }),
    content: oneOf('What is compressed', contents),
  }),
  result: z.strictObject({ content: z.enum(contents), bytes: z.number(), ways: z.array(rowSchema) }),
  examples: [
    { title: 'JSON', query: { as: 'text' } },
    { title: 'What cannot be compressed', query: { content: 'random', as: 'text' } },
    { title: 'Too small to be worth it', query: { bytes: 100, as: 'text' } },
  ],
  contrasts: ['compression/negotiate'],
  async run({ query, signal, timeline, tools }) {
    // On a thread: this would hold the event loop, and CPU time would be that of the whole process.
    const rows = await tools.budgets.threads.use(1, signal, () =>
      tools.threads.run(task, { data: query, signal }, async (thread) => {
        const { message } = await nextMessage<Compressed[]>(thread);
        return message;
      }),
    );
    const zero = performance.timeOrigin + timeline.startedAt;
    for (const { encoding, level, startedAt, elapsedMs, runs } of rows) {
      timeline.add(
        `${encoding} ${level ?? ''} × ${runs}`,
        'thread',
        startedAt - zero,
        startedAt - zero + elapsedMs * runs,
      );
    }
    const ways = rows.map(({ encoding, level, bytes: size, cpuMs, elapsedMs, restored }) => ({
      encoding,
      level,
      bytes: size,
      percentOfOriginal: Math.round((1000 * size) / query.bytes) / 10,
      cpuMs: toMicroseconds(cpuMs),
      elapsedMs: toMicroseconds(elapsedMs),
      restored,
    }));
    return {
      result: { content: query.content, bytes: query.bytes, ways },
      lesson: conclude(query.bytes, ways),
    };
  },
});

function conclude(size: number, ways: readonly Row[]): string {
  const compressed = ways.filter(({ encoding }) => encoding !== 'identity');
  const [smallest] = compressed.toSorted((a, b) => a.bytes - b.bytes) as [Row];
  const [cheapest] = compressed.toSorted((a, b) => a.cpuMs - b.cpuMs) as [Row];
  const larger = compressed.filter((way) => way.bytes >= size).length;
  if (smallest.bytes >= size) {
    return `No way made ${bytes(size)} of this smaller, and the dearest took ${ms(Math.max(...compressed.map(({ cpuMs }) => cpuMs)))} of CPU time to find out: do not compress what is compressed.`;
  }
  const same = smallest === cheapest;
  const note = larger > 0 ? ` ${larger} of ${compressed.length} ways made it larger.` : '';
  return (
    `${nameOf(smallest)} made ${bytes(size)} smallest, ${bytes(smallest.bytes)} (${percent(smallest.bytes / size)}), for ${ms(smallest.cpuMs)} of CPU time` +
    (same
      ? ', and was the cheapest as well.'
      : `; ${nameOf(cheapest)} was cheapest, ${bytes(cheapest.bytes)} (${percent(cheapest.bytes / size)}) for ${ms(cheapest.cpuMs)}.`) +
    note
  );
}

function nameOf({ encoding, level }: Row): string {
  return `${encoding} at level ${level ?? 0}`;
}
