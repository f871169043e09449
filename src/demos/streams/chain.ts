import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { z } from 'zod';
import { rawRoute, wholeNumber } from '../demo.ts';
import { bytes, count, ms } from '../evidence/words.ts';
import { deliver, delivery } from './delivery.ts';

const rowsQuery = z.object({
  rows: wholeNumber('Rows to make', { min: 1, max: 50_000_000, default: 100_000 }),
});
const archive = {
  mediaType: 'application/gzip',
  description: 'CSV with the columns row, square and root, compressed',
} as const;
const archiveHeaders = {
  'Content-Type': archive.mediaType,
  'Content-Disposition': 'attachment; filename="rows.csv.gz"',
};

export const chainRoutes = [
  rawRoute({
    method: 'get',
    path: '/chain',
    summary: 'Rows become CSV, CSV becomes gzip, gzip becomes the answer: one pipeline.',
    teaches:
      'pipeline ends every part when one fails or the client leaves, and a slow client slows the first part.',
    query: rowsQuery,
    response: archive,
    examples: [
      { title: 'What it took', query: { as: 'text' } },
      {
        title: 'The rows themselves',
        query: { rows: 100_000 },
        curl: "-o /dev/null -w '%{size_download} bytes\\n'",
      },
    ],
    contrasts: ['streams/async-iteration'],
    observed: delivery,
    async observe({ query, signal, timeline }) {
      const result = await deliver((res) => sendRows(query.rows, res, signal), timeline, signal);
      return {
        result,
        lesson:
          `${count(query.rows, 'row')} became ${bytes(result.bytes)} of compressed CSV; the first byte was there after ${ms(result.firstByteMs)}, ` +
          `the last after ${ms(result.lastByteMs)}, and at most ${bytes(result.peakMemoryBytes)} were in memory.`,
      };
    },
    async send({ query, res, signal }) {
      res.set(archiveHeaders);
      await sendRows(query.rows, res, signal);
    },
  }),
  rawRoute({
    method: 'get',
    path: '/async-iteration',
    summary: 'The same chain of generators and for await: each step is a plain loop.',
    teaches:
      'A generator is a readable stream and an async generator a transform; a loop that awaits drain is a writable one. pipeline still ends them all.',
    query: rowsQuery,
    response: archive,
    examples: [
      { title: 'What it took', query: { as: 'text' } },
      {
        title: 'The rows themselves',
        query: { rows: 100_000 },
        curl: "-o /dev/null -w '%{size_download} bytes\\n'",
      },
    ],
    contrasts: ['streams/chain'],
    observed: delivery.extend({
      pauses: z.number().describe('How often the loop waited for the client to read'),
      sameAsChain: z.boolean().describe('Whether /chain gives the same bytes'),
    }),
    async observe({ query, signal, timeline }) {
      const digests = [createHash('sha256'), createHash('sha256')] as const;
      let pauses = 0;
      const result = await deliver(
        async (res) => {
          pauses = await sendRowsInLoops(query.rows, res, signal);
        },
        timeline,
        signal,
        (chunk) => digests[0].update(chunk),
      );
      await pipeline(Readable.from(csv(query.rows)), createGzip(), digests[1], { signal });
      const sameAsChain = digests[0].digest('hex') === (digests[1].read() as Buffer).toString('hex');
      return {
        result: { ...result, pauses, sameAsChain },
        lesson:
          `Loops made ${bytes(result.bytes)} of ${count(query.rows, 'row')}, ${sameAsChain ? 'byte for byte what' : 'other bytes than'} /chain gives; ` +
          `they paused ${count(pauses, 'time')} for the reader, and at most ${bytes(result.peakMemoryBytes)} were in memory.`,
      };
    },
    async send({ query, res, signal }) {
      res.set(archiveHeaders);
      await sendRowsInLoops(query.rows, res, signal);
    },
  }),
];

/** @returns how often it waited for the client */
async function sendRowsInLoops(rows: number, res: ServerResponse, signal: AbortSignal): Promise<number> {
  let pauses = 0;
  await pipeline(
    blocksOf(rows),
    toCsv,
    createGzip(),
    async function write(compressed: AsyncIterable<Buffer>) {
      for await (const chunk of compressed) {
        if (res.write(chunk)) continue;
        pauses += 1;
        await once(res, 'drain', { signal });
      }
      res.end();
    },
    { signal },
  );
  return pauses;
}

async function* toCsv(blocks: Iterable<Block> | AsyncIterable<Block>): AsyncGenerator<string> {
  yield HEADER;
  for await (const block of blocks) yield render(block);
}

async function sendRows(rows: number, res: ServerResponse, signal: AbortSignal): Promise<void> {
  await pipeline(Readable.from(csv(rows)), createGzip(), res, { signal });
}

const HEADER = 'row,square,root\n';
const ROWS_IN_BLOCK = 500;

interface Block {
  readonly first: number;
  /** Not included. */
  readonly end: number;
}

/** Rows in blocks: a chunk a row would spend most of the time on passing chunks on. */
function* blocksOf(rows: number): Generator<Block> {
  for (let first = 1; first <= rows; first += ROWS_IN_BLOCK) {
    yield { first, end: Math.min(first + ROWS_IN_BLOCK, rows + 1) };
  }
}

function* csv(rows: number): Generator<string> {
  yield HEADER;
  for (const block of blocksOf(rows)) yield render(block);
}

function render({ first, end }: Block): string {
  let text = '';
  for (let row = first; row < end; row += 1) text += `${row},${row * row},${Math.sqrt(row).toFixed(6)}\n`;
  return text;
}
