import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { z } from 'zod';
import { bytes, count } from '../kit/answer/units.ts';
import { rawRoute } from '../kit/demo.ts';
import { writeArchive } from './chain.ts';
import { deliver, delivery } from '../kit/measure/delivery.ts';
import { rowArchive, rowArchiveHeaders, rowBlocks, toCsv } from './row-archive.ts';

export const asyncIteration = rawRoute({
  ...rowArchive,
  path: '/async-iteration',
  title: 'Chain async generators',
  summary: 'Builds the same archive with generators and `for await`: each stage is a plain loop.',
  teaches:
    '`pipeline` also accepts an iterable as the source, an async generator function as a transform and an async function ' +
    'as the destination. It still stops every stage if one fails.',
  contrasts: ['streams/chain'],
  observed: delivery.extend({
    pauses: z.number().describe('How often the loop waited for the client to read'),
    sameAsChain: z.boolean().describe('Whether /chain produces the same bytes'),
  }),
  async observe({ query, signal, timeline }) {
    const received = createHash('sha256');
    let pauses = 0;
    const delivered = await deliver(
      async (res) => {
        pauses = await writeArchiveInLoops(query.rows, res, signal);
      },
      timeline,
      signal,
      (chunk) => received.update(chunk),
    );
    const expected = createHash('sha256');
    await writeArchive(query.rows, expected, signal);
    const sameAsChain = received.digest('hex') === (expected.read() as Buffer).toString('hex');
    const result = { ...delivered, pauses, sameAsChain };
    return {
      result,
      lesson: {
        headline: `The loops sent ${sameAsChain ? 'exactly the bytes of' : 'other bytes than'} /chain`,
        text:
          `The loops turned ${count(query.rows, 'row')} into ${bytes(result.bytes)} of compressed CSV, ` +
          `${sameAsChain ? 'byte for byte the same as' : 'which differs from'} the output of /chain. ` +
          `They paused ${count(pauses, 'time')} for the client. Memory rose by at most ${bytes(result.peakMemoryBytes)}.`,
      },
    };
  },
  async send({ query, res, signal }) {
    res.set(rowArchiveHeaders);
    await writeArchiveInLoops(query.rows, res, signal);
  },
});

/** @returns how often it waited for the client */
async function writeArchiveInLoops(rows: number, res: ServerResponse, signal: AbortSignal): Promise<number> {
  let pauses = 0;
  await pipeline(
    rowBlocks(rows),
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
