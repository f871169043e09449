import { Readable, type Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { z } from 'zod';
import { oneOf, rawRoute } from '../kit/demo.ts';
import {
  archiveDownload,
  archiveLesson,
  archiveObserved,
  archiveRows,
  observeArchive,
  rowArchive,
  rowArchiveHeaders,
  rowBlocks,
  toCsv,
  withArchiveInMemory,
  type RowBlock,
} from './row-archive.ts';

export const chain = rawRoute({
  ...rowArchive,
  path: '/chain',
  title: 'Chain streams with pipeline',
  summary:
    'Generates rows, formats them as CSV, compresses them and sends them: in one pipeline, or all at once.',
  teaches:
    '`pipeline` carries back-pressure from a slow client to the first stage, and stops every stage if one fails or the ' +
    'client disconnects.',
  query: z.object({
    way: oneOf('Whether the archive is sent while it is made, or when it is complete', [
      'pipeline',
      'buffered',
    ]),
    rows: archiveRows,
  }),
  examples: [
    { title: 'A client that stalls', query: { way: 'pipeline', as: 'text' } },
    { title: 'Buffered first: the wrong way', query: { way: 'buffered', as: 'text' } },
    archiveDownload,
  ],
  contrasts: ['streams/chain?way=buffered', 'streams/chain?way=pipeline', 'streams/async-iteration'],
  observed: archiveObserved.extend({ way: z.string() }),
  async observe(call) {
    const { way } = call.query;
    const observed = await observeArchive(call, (blocks, res) => writers[way](blocks, res, call.signal));
    return { result: { way, ...observed }, lesson: archiveLesson('the chain', observed) };
  },
  async send(call) {
    const { query, res, signal } = call;
    const write = async () => {
      res.set(rowArchiveHeaders);
      await writers[query.way](rowBlocks(query.rows), res, signal);
    };
    await (query.way === 'buffered' ? withArchiveInMemory(call, write) : write());
  },
});

const writers = { pipeline: writeArchive, buffered: writeWhenComplete } as const;

/** Writes rows as compressed CSV, and ends the destination. */
export async function writeArchive(
  blocks: Iterable<RowBlock>,
  destination: Writable,
  signal: AbortSignal,
): Promise<void> {
  await pipeline(Readable.from(toCsv(blocks)), createGzip(), destination, { signal });
}

/** Writes nothing before the whole archive is in memory. */
async function writeWhenComplete(
  blocks: Iterable<RowBlock>,
  destination: Writable,
  signal: AbortSignal,
): Promise<void> {
  let archive = Buffer.alloc(0);
  const keep = async (compressed: AsyncIterable<Buffer>) => {
    archive = await buffer(compressed);
  };
  await pipeline(Readable.from(toCsv(blocks)), createGzip(), keep, { signal });
  await pipeline([archive], destination, { signal });
}
