import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import Cursor from 'pg-cursor';
import { z } from 'zod';
import { bytes, count, ms, percent } from '../kit/answer/units.ts';
import { oneOf, rawRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { deliverStalled, stalledDelivery } from '../kit/measure/stalled-delivery.ts';
import { sendStream } from '../kit/send-stream.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { ORDERS } from '../kit/database/seed.ts';

const MEDIA_TYPE = 'application/x-ndjson';
const BATCH_ROWS = 200;
/** Less than this may be on its way in buffers, however the rows are read. */
const TELLING_BYTES = 500_000;
/** Memory of a row in a result that is read at once, estimated generously. */
const ROW_BYTES = 2_000;
const TEXT = 'select id, customer_id, total_cents, note from orders order by id limit $1';

const querySchema = z.object({
  way: oneOf('How the rows are read', ['cursor', 'all']),
  rows: wholeNumber('Rows to send', { min: 1, max: ORDERS, default: 50_000 }),
});
type Query = z.output<typeof querySchema>;

const observed = stalledDelivery.extend({
  way: z.string(),
  rows: z.number().describe('Rows that the client received'),
  reads: z.number().describe('How often this process asked the server for rows'),
  rowsWhileStalled: z
    .number()
    .describe('Rows that were read while the client had received none: they were in memory'),
});
type Observed = z.infer<typeof observed>;

/** Rows as blocks of text, one per read. */
type Blocks = AsyncGenerator<string>;

export const cursor = rawRoute({
  method: 'get',
  path: '/cursor',
  title: 'Stream rows from a cursor',
  summary: 'Sends the rows of a large result to the client, read in batches or all at once.',
  teaches:
    'A cursor reads as many rows as the client takes: memory stays at a batch, and the first row leaves at once. A result ' +
    'that is read at once must fit in memory before its first row is sent.',
  query: querySchema,
  response: { mediaType: MEDIA_TYPE, description: 'One order per line' },
  examples: [
    { title: 'Memory with a cursor', query: { way: 'cursor', as: 'text' } },
    { title: 'Memory with all rows at once', query: { way: 'all', as: 'text' } },
    { title: 'The rows', query: { rows: 3 }, curl: '-N' },
  ],
  contrasts: ['database/cursor?way=all', 'database/cursor?way=cursor'],
  observed,
  async observe(call) {
    const { query, signal, timeline } = call;
    let reads = 0;
    let rowsRead = 0;
    let rows = 0;
    let rowsWhileStalled = 0;
    const delivered = await withBlocks(
      call,
      (rowsOfRead) => {
        reads += 1;
        rowsRead += rowsOfRead;
      },
      (blocks) =>
        deliverStalled(
          (res) => send(blocks, res, signal),
          {
            made: () => rowsRead,
            complete: () => rowsRead >= query.rows,
            onStalled: () => (rowsWhileStalled = rowsRead),
            onChunk: (chunk) => {
              for (const byte of chunk) if (byte === NEWLINE) rows += 1;
            },
          },
          timeline,
          signal,
        ),
    );
    const result = { way: query.way, rows, reads, rowsWhileStalled, ...delivered };
    return { result, lesson: conclude(result) };
  },
  async send(call) {
    const { res, signal } = call;
    await withBlocks(
      call,
      () => undefined,
      async (blocks) => {
        res.set({ 'Content-Type': MEDIA_TYPE, 'Cache-Control': 'no-store' });
        await send(blocks, res, signal);
      },
    );
  },
});

const NEWLINE = '\n'.charCodeAt(0);

/** The high-water mark counts blocks: the next one is read when the client has taken most of this one. */
async function send(blocks: Blocks, res: ServerResponse, signal: AbortSignal): Promise<void> {
  await sendStream(Readable.from(blocks, { highWaterMark: 1 }), res, signal);
}

/** Opens the result on a connection of its own. @param onRead is called with the rows of each read from the server */
async function withBlocks<T>(
  { query, signal, resources }: DemoCall<unknown, Query, unknown>,
  onRead: (rows: number) => void,
  use: (blocks: Blocks) => Promise<T>,
): Promise<T> {
  const { way, rows } = query;
  const megabytes = Math.ceil(((way === 'all' ? rows : BATCH_ROWS) * ROW_BYTES) / 1e6);
  return resources.budgets.megabytes.use(megabytes, signal, () =>
    scratchDatabaseOf(resources).withClients(1, signal, async (client) => {
      const inBatches = async function* () {
        const open = client.query(new Cursor(TEXT, [rows]));
        try {
          for (;;) {
            const batch = await open.read(BATCH_ROWS);
            onRead(batch.length);
            if (batch.length === 0) return;
            yield toLines(batch);
          }
        } finally {
          await open.close();
        }
      };
      const atOnce = async function* () {
        const { rows: all } = await client.query<Record<string, unknown>>(TEXT, [rows]);
        onRead(all.length);
        for (let first = 0; first < all.length; first += BATCH_ROWS) {
          yield toLines(all.slice(first, first + BATCH_ROWS));
        }
      };
      return use(way === 'cursor' ? inBatches() : atOnce());
    }),
  );
}

function toLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function conclude({ rows, reads, rowsWhileStalled, bytes: size, ...delivered }: Observed): Lesson {
  const { firstByteMs, lastByteMs, stalledMs } = delivered;
  const figures =
    `${count(rows, 'row')} of ${bytes(size)} were read in ${count(reads, 'read')}. The first bytes left after ` +
    `${ms(firstByteMs)}, the last after ${ms(lastByteMs)} without the stall.`;
  if (size < TELLING_BYTES) {
    return {
      headline: `${bytes(size)} are too few to tell`,
      text: `The buffers of the connection may hold all of it: request more \`rows\`. ${figures}`,
    };
  }
  const share = percent(rowsWhileStalled / rows);
  return rowsWhileStalled < rows
    ? {
        headline: `A stalled client stopped the query at ${share} of the rows`,
        text:
          `While the client read nothing for ${ms(stalledMs)}, ${rowsWhileStalled} of ${count(rows, 'row')} were read from ` +
          `the server, and no more: the next batch is read when the client has taken the last. ${figures}`,
      }
    : {
        headline: `All of ${count(rows, 'row')} were in memory for a stalled client`,
        text: `Nothing stopped the reads: the client had received no row when the last one was read, and more clients multiply that. ${figures}`,
      };
}
