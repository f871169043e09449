import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { bytes, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { Compressed } from './compress-thread.ts';
import { contents } from './content.ts';

const program = new URL('./compress-thread.ts', import.meta.url);

const rowSchema = z.strictObject({
  encoding: z.string(),
  level: z.number().nullable(),
  bytes: z.number(),
  percentOfOriginal: z.number(),
  cpuMs: z.number().describe('CPU time of one run on its thread'),
  elapsedMs: z.number(),
  restored: z.boolean().describe('Whether decompression restored the content'),
});
type Row = z.infer<typeof rowSchema>;

export const compareRoute = demoRoute({
  method: 'get',
  path: '/compare',
  title: 'Compare compression levels',
  summary: 'Compresses the same content with gzip, deflate, br and zstd at several levels.',
  teaches:
    'A high level suits content that is compressed once and sent often. A response that is generated for each request ' +
    'needs a low level, or none.',
  query: z.object({
    bytes: wholeNumber('Size of the content', { min: 1, max: 1_000_000, default: 100_000 }),
    content: oneOf('Kind of content', contents),
  }),
  result: z.strictObject({ content: z.enum(contents), bytes: z.number(), ways: z.array(rowSchema) }),
  examples: [
    { title: 'JSON', query: { as: 'text' } },
    { title: 'Random bytes do not compress', query: { content: 'random', as: 'text' } },
    { title: 'Too small to be worth it', query: { bytes: 100, as: 'text' } },
  ],
  contrasts: ['compression/negotiate'],
  async run({ query, signal, timeline, resources }) {
    // On a thread: the event loop stays free, and the thread's CPU time is that of the compressor alone.
    const rows = await resources.budgets.threads.use(1, signal, () =>
      resources.threads.run(program, { data: query, signal }, async (thread) => {
        const { message } = await nextMessage<Compressed[]>(thread);
        return message;
      }),
    );
    const zero = performance.timeOrigin + timeline.startedAt;
    for (const { encoding, level, startedAt, elapsedMs, runs } of rows) {
      const startMs = startedAt - zero;
      timeline.add(`${encoding} ${level ?? ''} × ${runs}`, 'thread', startMs, startMs + elapsedMs * runs);
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

function conclude(size: number, ways: readonly Row[]) {
  const compressed = ways.filter(({ encoding }) => encoding !== 'identity');
  const [smallest] = compressed.toSorted((a, b) => a.bytes - b.bytes) as [Row];
  const byCpu = compressed.toSorted((a, b) => a.cpuMs - b.cpuMs);
  const [cheapest] = byCpu as [Row];
  if (smallest.bytes >= size) {
    return {
      headline: `No encoding made ${bytes(size)} smaller`,
      text:
        `The most expensive level used ${ms(byCpu.at(-1)?.cpuMs ?? 0)} of CPU time for nothing. ` +
        'Do not compress content that is small or already compressed.',
    };
  }
  const figures = (row: Row) =>
    `to ${bytes(row.bytes)} (${percent(row.bytes / size)}) in ${ms(row.cpuMs)} of CPU time`;
  const notSmaller = compressed.filter((row) => row.bytes >= size).length;
  const note = notSmaller > 0 ? ` ${notSmaller} of ${compressed.length} levels did not make it smaller.` : '';
  if (smallest === cheapest) {
    return {
      headline: `${nameOf(smallest)} was both smallest and cheapest`,
      text: `It compressed ${bytes(size)} ${figures(smallest)}.${note}`,
    };
  }
  return {
    headline: `${nameOf(smallest)} was smallest, ${nameOf(cheapest)} was cheapest`,
    text:
      `${nameOf(smallest)} compressed ${bytes(size)} ${figures(smallest)}. ` +
      `${nameOf(cheapest)} compressed it ${figures(cheapest)}.${note}`,
  };
}

function nameOf({ encoding, level }: Row): string {
  return `${encoding} level ${level ?? 0}`;
}
