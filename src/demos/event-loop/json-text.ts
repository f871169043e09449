/** Rows as JSON text of any size, as a client or a database may send it. */

export interface Row {
  readonly id: number;
  readonly name: string;
  readonly quantity: number;
  readonly tags: readonly string[];
}

/** What a request needs of the rows. */
export interface JsonSummary {
  readonly rows: number;
  readonly quantity: number;
}

const BLOCK_ROWS = 1_000;

/**
 * Built from copies of one block, because to write all of it with `JSON.stringify` would block as long as to parse it.
 *
 * @param format an array, or one row per line
 */
export function createJsonText(bytes: number, format: 'array' | 'lines'): Buffer<ArrayBuffer> {
  const [open, separator, close] = format === 'array' ? ['[', ',', ']'] : ['', '\n', ''];
  const block = Array.from({ length: BLOCK_ROWS }, (_, id) =>
    JSON.stringify({
      id,
      name: `row number ${id}`,
      quantity: (id % 10) + 0.5,
      tags: ['first', `group ${id % 7}`],
    } satisfies Row),
  ).join(separator);
  const blocks = Math.max(1, Math.round(bytes / (block.length + 1)));
  // Not from Buffer's shared pool: it is transferred to a thread.
  const text = Buffer.from(new ArrayBuffer(open.length + blocks * (block.length + 1) - 1 + close.length));
  text.fill(`${block}${separator}`, open.length);
  text.write(open, 0);
  text.write(close, text.length - close.length);
  return text;
}

export function summarize(rows: readonly Row[]): JsonSummary {
  return { rows: rows.length, quantity: rows.reduce((sum, { quantity }) => sum + quantity, 0) };
}
