import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { oneOf, rawRoute } from '../kit/demo.ts';
import { writeArchive } from './chain.ts';
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

export const asyncIteration = rawRoute({
  ...rowArchive,
  path: '/async-iteration',
  title: 'Chain async generators',
  summary: 'Builds the same archive with generators and `for await`: each stage is a plain loop.',
  teaches:
    '`pipeline` also accepts an iterable as the source, an async generator function as a transform and an async function ' +
    'as the destination. A loop that writes to a stream itself must wait for `drain`.',
  query: z.object({
    drain: oneOf('Whether the last loop waits for drain when write returns false', ['await', 'ignore']),
    rows: archiveRows,
  }),
  examples: [
    { title: 'A client that stalls', query: { drain: 'await', as: 'text' } },
    { title: 'Without waiting for drain: the wrong way', query: { drain: 'ignore', as: 'text' } },
    archiveDownload,
  ],
  contrasts: ['streams/async-iteration?drain=ignore', 'streams/async-iteration?drain=await', 'streams/chain'],
  observed: archiveObserved.extend({
    drain: z.string(),
    pauses: z.number().describe('How often the loop waited for the client to read'),
    sameAsChain: z.boolean().describe('Whether /chain produces the same bytes'),
  }),
  async observe(call) {
    const { query, signal } = call;
    const received = createHash('sha256');
    let pauses = 0;
    const observed = await observeArchive(
      call,
      async (blocks, res) => {
        pauses = await writeArchiveInLoops(blocks, query.drain, res, signal);
      },
      (chunk) => received.update(chunk),
    );
    const expected = createHash('sha256');
    await writeArchive(rowBlocks(query.rows), expected, signal);
    const sameAsChain = received.digest('hex') === (expected.read() as Buffer).toString('hex');
    const { headline, text } = archiveLesson('the loops', observed);
    return {
      result: { drain: query.drain, ...observed, pauses, sameAsChain },
      lesson: {
        headline,
        text:
          `${text} The last loop waited for drain ${count(pauses, 'time')}. The bytes are ` +
          `${sameAsChain ? 'those of /chain' : 'not those of /chain'}.`,
      },
    };
  },
  async send(call) {
    const { query, res, signal } = call;
    const write = async () => {
      res.set(rowArchiveHeaders);
      await writeArchiveInLoops(rowBlocks(query.rows), query.drain, res, signal);
    };
    await (query.drain === 'ignore' ? withArchiveInMemory(call, write) : write());
  },
});

/** @returns how often it waited for the client */
async function writeArchiveInLoops(
  blocks: Iterable<RowBlock>,
  drain: 'await' | 'ignore',
  res: ServerResponse,
  signal: AbortSignal,
): Promise<number> {
  let pauses = 0;
  await pipeline(
    blocks,
    toCsv,
    createGzip(),
    async function write(compressed: AsyncIterable<Buffer>) {
      for await (const chunk of compressed) {
        if (res.write(chunk) || drain === 'ignore') continue;
        pauses += 1;
        await once(res, 'drain', { signal });
      }
      res.end();
    },
    { signal },
  );
  return pauses;
}
