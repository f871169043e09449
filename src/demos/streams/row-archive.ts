/** What `/chain` and `/async-iteration` share: rows of numbers as compressed CSV. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { bytes, count, ms, percent } from '../kit/answer/units.ts';
import { wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { deliverStalled, stalledDelivery } from '../kit/measure/stalled-delivery.ts';

const HEADER = 'row,square,root\n';
const ROWS_IN_BLOCK = 500;
/** As many take a few seconds. A response with back-pressure may be larger: a client that stalls or disconnects stops it. */
const MAX_ROWS_IN_MEMORY = 2_000_000;
/** Of a row, compressed. */
const ROW_BYTES = 12;
/** Less than this may be on its way in buffers, whatever the source does. */
const TELLING_BYTES = 500_000;

export const archiveRows = wholeNumber('Number of rows', { min: 1, max: 50_000_000, default: 100_000 });

export const archiveObserved = stalledDelivery.extend({
  rows: z.number(),
  rowsWhileStalled: z.number().describe('Rows that were made while the client had read only the headers'),
});
export type ArchiveObserved = z.infer<typeof archiveObserved>;

export const rowArchive = {
  method: 'get',
  response: {
    mediaType: 'application/gzip',
    description: 'CSV with the columns row, square and root, compressed',
  },
} as const;

export const archiveDownload = {
  title: 'The rows',
  query: { rows: 100_000 },
  curl: "-o /dev/null -w '%{size_download} bytes\\n'",
} as const;

export const rowArchiveHeaders = {
  'Content-Type': rowArchive.response.mediaType,
  'Content-Disposition': 'attachment; filename="rows.csv.gz"',
};

export interface RowBlock {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

/**
 * Reserves the memory for an archive that may be whole in memory.
 *
 * @throws {Problem} `invalid-input` if it has too many rows for that
 */
export function withArchiveInMemory<T>(
  { query: { rows }, signal, resources }: DemoCall<unknown, { readonly rows: number }, unknown>,
  work: () => Promise<T>,
): Promise<T> {
  if (rows > MAX_ROWS_IN_MEMORY) {
    const message = `must be at most ${MAX_ROWS_IN_MEMORY} for evidence, and without back-pressure`;
    throw new Problem('invalid-input', {
      detail: `rows ${message}`,
      errors: [{ in: 'query', name: 'rows', message }],
    });
  }
  return resources.budgets.megabytes.use(Math.ceil((rows * ROW_BYTES) / 1e6), signal, work);
}

/** Sends an archive to a client that stalls, and counts the rows that are made in that time. */
export async function observeArchive(
  call: DemoCall<unknown, { readonly rows: number }, unknown>,
  send: (blocks: Iterable<RowBlock>, res: ServerResponse) => Promise<void>,
  onChunk?: (chunk: Buffer) => void,
): Promise<ArchiveObserved> {
  const {
    query: { rows },
    timeline,
    signal,
  } = call;
  let made = 0;
  let rowsWhileStalled = 0;
  const counted = function* () {
    for (const block of rowBlocks(rows)) {
      made = block.end - 1;
      yield block;
    }
  };
  const delivered = await withArchiveInMemory(call, () =>
    deliverStalled(
      (res) => send(counted(), res),
      {
        made: () => made,
        complete: () => made === rows,
        onStalled: () => (rowsWhileStalled = made),
        ...(onChunk === undefined ? {} : { onChunk }),
      },
      timeline,
      signal,
    ),
  );
  return { ...delivered, rows, rowsWhileStalled };
}

/** @param what Its subject: "the chain" */
export function archiveLesson(what: string, result: ArchiveObserved): Lesson {
  const { rows, rowsWhileStalled, bytes: size, firstByteMs, lastByteMs, stalledMs } = result;
  const figures =
    `${count(rows, 'row')} became ${bytes(size)} of compressed CSV. The first bytes arrived after ${ms(firstByteMs)}, the ` +
    `last after ${ms(lastByteMs)} without the stall.`;
  if (size < TELLING_BYTES) {
    return {
      headline: `${bytes(size)} are too few to show back-pressure`,
      text: `All of it may fit into the buffers of the streams: request more \`rows\`. ${figures}`,
    };
  }
  const share = percent(rowsWhileStalled / rows);
  return rowsWhileStalled < rows
    ? {
        headline: `A stalled client stopped ${what} at ${share} of the rows`,
        text:
          `While the client read nothing for ${ms(stalledMs)}, the first stage made ${rowsWhileStalled} of ` +
          `${count(rows, 'row')} and waited: back-pressure reached it through every stage. ${figures}`,
      }
    : {
        headline: `Nothing stopped ${what}: every row was made for a stalled client`,
        text:
          `The client had read nothing, and all of ${count(rows, 'row')} were made. They waited in memory, and each further ` +
          `client adds as much. ${figures}`,
      };
}

/** Rows in blocks: with one row per chunk, most of the time would go into passing chunks on. */
export function* rowBlocks(rows: number): Generator<RowBlock> {
  for (let first = 1; first <= rows; first += ROWS_IN_BLOCK) {
    yield { first, end: Math.min(first + ROWS_IN_BLOCK, rows + 1) };
  }
}

export async function* toCsv(blocks: Iterable<RowBlock> | AsyncIterable<RowBlock>): AsyncGenerator<string> {
  yield HEADER;
  for await (const { first, end } of blocks) {
    let text = '';
    for (let row = first; row < end; row += 1) text += `${row},${row * row},${Math.sqrt(row).toFixed(6)}\n`;
    yield text;
  }
}
