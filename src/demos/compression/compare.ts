import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { bytes, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { CompressReport } from './compress-thread.ts';
import { contents } from './content.ts';

const program = new URL('./compress-thread.ts', import.meta.url);

const rowSchema = z.strictObject({
  encoding: z.string(),
  level: z.number().nullable(),
  bytes: z.number(),
  percentOfOriginal: z.number(),
  cpuMs: z.number().describe('CPU time of one run on its thread'),
  elapsedMs: z.number(),
  deliveredMs: z.number().describe('CPU time and the transfer at `megabits` per second'),
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
    megabits: wholeNumber('Megabits per second of the connection to the client', {
      min: 1,
      max: 10_000,
      default: 10,
    }),
  }),
  result: z.strictObject({
    content: z.enum(contents),
    bytes: z.number(),
    megabits: z.number(),
    percentOf100kB: z.number().describe('To what gzip compresses 100 kB of the same content'),
    ways: z.array(rowSchema),
  }),
  examples: [
    { title: 'JSON', query: { as: 'text' } },
    { title: 'Random bytes do not compress', query: { content: 'random', as: 'text' } },
    { title: 'Too small to be worth it', query: { bytes: 10, as: 'text' } },
    { title: 'Over a fast network', query: { megabits: 1_000, as: 'text' } },
  ],
  contrasts: ['compression/negotiate'],
  async run({ query, signal, timeline, resources }) {
    // On a thread: the event loop stays free, and the thread's CPU time is that of the compressor alone.
    const { ways: rows, shareOf100kB } = await resources.budgets.threads.use(1, signal, () =>
      resources.threads.run(program, { data: query, signal }, async (thread) => {
        const { message } = await nextMessage<CompressReport>(thread);
        return message;
      }),
    );
    const zero = performance.timeOrigin + timeline.startedAt;
    for (const { encoding, level, startedAt, elapsedMs, runs } of rows) {
      const startMs = startedAt - zero;
      timeline.add(`${encoding} ${level} × ${runs}`, 'thread', startMs, startMs + elapsedMs * runs);
    }
    const transferMs = (size: number) => (size * 8) / (query.megabits * 1000);
    const identity: Row = {
      encoding: 'identity',
      level: null,
      bytes: query.bytes,
      percentOfOriginal: 100,
      cpuMs: 0,
      elapsedMs: 0,
      deliveredMs: toMicroseconds(transferMs(query.bytes)),
      restored: true,
    };
    const compressed = rows.map(({ encoding, level, bytes: size, cpuMs, elapsedMs, restored }) => ({
      encoding,
      level,
      bytes: size,
      percentOfOriginal: toPercent(size / query.bytes),
      cpuMs: toMicroseconds(cpuMs),
      elapsedMs: toMicroseconds(elapsedMs),
      deliveredMs: toMicroseconds(cpuMs + transferMs(size)),
      restored,
    }));
    const result = {
      content: query.content,
      bytes: query.bytes,
      megabits: query.megabits,
      percentOf100kB: toPercent(shareOf100kB),
      ways: [identity, ...compressed],
    };
    return { result, lesson: conclude(result) };
  },
});

/** With one decimal. */
function toPercent(share: number): number {
  return Math.round(1000 * share) / 10;
}

interface Figures {
  readonly bytes: number;
  readonly megabits: number;
  readonly percentOf100kB: number;
  readonly ways: readonly Row[];
}

function conclude({ bytes: size, megabits, percentOf100kB, ways }: Figures): Lesson {
  const compressed = ways.filter(({ encoding }) => encoding !== 'identity');
  const [smallest] = compressed.toSorted((a, b) => a.bytes - b.bytes) as [Row];
  const [cheapest, ...others] = compressed.toSorted((a, b) => a.cpuMs - b.cpuMs) as [Row, ...Row[]];
  const [first] = ways.toSorted((a, b) => a.deliveredMs - b.deliveredMs) as [Row];
  const sizes = compressed.map((row) => row.bytes);
  if (smallest.bytes >= size) {
    const reason =
      percentOf100kB < 90
        ? `The reason is the size, not the content: gzip compressed 100 kB of it to ${percentOf100kB}%.`
        : `The reason is the content: gzip compressed 100 kB of it to ${percentOf100kB}%. It has nothing to compress, as data that is compressed already.`;
    return {
      headline: `No encoding made ${bytes(size)} smaller`,
      text:
        `The results have ${bytes(Math.min(...sizes))} to ${bytes(Math.max(...sizes))}, and the most expensive level used ` +
        `${ms(others.at(-1)?.cpuMs ?? 0)} of CPU time. ${reason}`,
    };
  }
  const figures = (row: Row) =>
    `to ${bytes(row.bytes)} (${percent(row.bytes / size)}) in ${ms(row.cpuMs)} of CPU time`;
  const notSmaller = sizes.filter((compressedSize) => compressedSize >= size).length;
  const note = notSmaller > 0 ? ` ${notSmaller} of ${compressed.length} levels did not make it smaller.` : '';
  const knee =
    first.encoding === 'identity'
      ? `At ${megabits} Mbit/s the uncompressed content arrives first, after ${ms(first.deliveredMs)}: no level is worth its CPU time.`
      : `At ${megabits} Mbit/s ${nameOf(first)} arrives first, after ${ms(first.deliveredMs)}, compression included; uncompressed it takes ${ms(ways[0]?.deliveredMs ?? 0)}.`;
  return {
    headline: `At ${megabits} Mbit/s, ${nameOf(first)} arrives first`,
    text:
      `${nameOf(smallest)} was smallest: ${bytes(size)} ${figures(smallest)}. ` +
      `${nameOf(cheapest)} was cheapest: ${figures(cheapest)}.${note} ${knee}`,
  };
}

function nameOf({ encoding, level }: Row): string {
  return level === null ? 'uncompressed content' : `${encoding} level ${level}`;
}
