/** What `/chain` and `/async-iteration` share: rows of numbers as compressed CSV. */
import { z } from 'zod';
import { wholeNumber } from '../kit/demo.ts';

const HEADER = 'row,square,root\n';
const ROWS_IN_BLOCK = 500;

export const rowArchive = {
  method: 'get',
  query: z.object({
    rows: wholeNumber('Number of rows', { min: 1, max: 50_000_000, default: 100_000 }),
  }),
  response: {
    mediaType: 'application/gzip',
    description: 'CSV with the columns row, square and root, compressed',
  },
  examples: [
    { title: 'Time and memory', query: { as: 'text' } },
    {
      title: 'The rows',
      query: { rows: 100_000 },
      curl: "-o /dev/null -w '%{size_download} bytes\\n'",
    },
  ],
} as const;

export const rowArchiveHeaders = {
  'Content-Type': rowArchive.response.mediaType,
  'Content-Disposition': 'attachment; filename="rows.csv.gz"',
};

interface RowBlock {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
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
