import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { bytes, count, ms } from '../kit/answer/units.ts';
import { rawRoute } from '../kit/demo.ts';
import { deliver, delivery } from '../kit/measure/delivery.ts';
import { rowArchive, rowArchiveHeaders, rowBlocks, toCsv } from './row-archive.ts';

export const chain = rawRoute({
  ...rowArchive,
  path: '/chain',
  title: 'Chain streams with pipeline',
  summary: 'Generates rows, formats them as CSV, compresses them and sends them in one pipeline.',
  teaches:
    '`pipeline` carries back-pressure from a slow client to the first stage, and stops every stage if one fails or the ' +
    'client disconnects.',
  contrasts: ['streams/async-iteration'],
  observed: delivery,
  async observe({ query, signal, timeline }) {
    const result = await deliver((res) => writeArchive(query.rows, res, signal), timeline, signal);
    const rows = count(query.rows, 'row');
    const peak = bytes(result.peakMemoryBytes);
    return {
      result,
      lesson: {
        headline: `Memory rose by at most ${peak} for ${rows}`,
        text:
          `${rows} became ${bytes(result.bytes)} of compressed CSV. The first byte arrived after ${ms(result.firstByteMs)}, ` +
          `the last after ${ms(result.lastByteMs)}. Memory rose by at most ${peak}.`,
      },
    };
  },
  async send({ query, res, signal }) {
    res.set(rowArchiveHeaders);
    await writeArchive(query.rows, res, signal);
  },
});

/** Writes rows as compressed CSV, and ends the destination. */
export async function writeArchive(rows: number, destination: Writable, signal: AbortSignal): Promise<void> {
  await pipeline(Readable.from(toCsv(rowBlocks(rows))), createGzip(), destination, { signal });
}
