import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { rawRoute, wholeNumber } from '../demo.ts';
import { bytes, count, ms } from '../evidence/words.ts';
import { sendStream } from '../work/send-stream.ts';
import { deliver, delivery } from './delivery.ts';

/** One answer takes no longer than a stop may. */
const MAX_TOTAL_MS = 9_000;

export const ndjsonRoutes = [
  rawRoute({
    method: 'get',
    path: '/ndjson',
    summary: 'One JSON object a line: a client can use the first before the last exists.',
    teaches:
      'A JSON array is complete or broken. JSON lines can be read as they come, and what has come is good even when the rest never does.',
    query: z.object({
      rows: wholeNumber('Rows to send', { min: 1, max: 1_000_000, default: 20 }),
      everyMs: wholeNumber('Pause after each row', { min: 0, max: 1_000, default: 25 }),
    }),
    response: { mediaType: 'application/x-ndjson', description: 'One object a line' },
    examples: [
      { title: 'Rows as they come', query: { rows: 5, everyMs: 200 }, curl: '-N' },
      { title: 'What it took', query: { as: 'text' } },
      { title: 'Many, without a pause', query: { rows: 200_000, everyMs: 0, as: 'text' } },
    ],
    contrasts: ['streams/events', 'streams/chain'],
    observed: delivery.extend({
      rows: z.number(),
      rowsBeforeLastByte: z.number().describe('Rows that could be used before the last chunk came'),
    }),
    async observe({ query, signal, draining, timeline }) {
      refuseTooLong(query);
      let text = '';
      const seen = { rows: 0, beforeLastChunk: 0 };
      const result = await deliver(
        (res) => sendRows(query, res, signal, draining),
        timeline,
        signal,
        (chunk) => {
          seen.beforeLastChunk = seen.rows;
          const lines = (text + chunk.toString('latin1')).split('\n'); // the rows are ASCII
          text = lines.pop() ?? '';
          for (const line of lines) if (typeof JSON.parse(line) === 'object') seen.rows += 1;
        },
      );
      return {
        result: { ...result, rows: seen.rows, rowsBeforeLastByte: seen.beforeLastChunk },
        lesson:
          `${count(seen.rows, 'row')} came in ${count(result.chunks, 'chunk')}, ${bytes(result.bytes)} in all; the first bytes were there after ${ms(result.firstByteMs)} of ${ms(result.lastByteMs)}, ` +
          `and ${seen.beforeLastChunk} rows could be parsed before the last chunk came.`,
      };
    },
    async send({ query, res, signal, draining }) {
      refuseTooLong(query);
      res.set({ 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
      await sendRows(query, res, signal, draining);
    },
  }),
];

interface Asked {
  readonly rows: number;
  readonly everyMs: number;
}

async function sendRows(asked: Asked, res: ServerResponse, signal: AbortSignal, draining: AbortSignal) {
  await sendStream(Readable.from(rowsOf(asked, signal, draining)), res, signal);
}

/** A drain ends it early, with a row that says so. */
async function* rowsOf({ rows, everyMs }: Asked, signal: AbortSignal, draining: AbortSignal) {
  const block = everyMs === 0 ? 100 : 1;
  const stop = AbortSignal.any([signal, draining]);
  for (let first = 1; first <= rows; first += block) {
    if (draining.aborted) {
      yield `${JSON.stringify({ incomplete: 'this worker is stopping', rowsSent: first - 1 })}\n`;
      return;
    }
    let text = '';
    for (let row = first; row < Math.min(first + block, rows + 1); row += 1) {
      text += `${JSON.stringify({ row, square: row * row })}\n`;
    }
    yield text;
    if (everyMs > 0) await sleep(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

function refuseTooLong({ rows, everyMs }: Asked): void {
  if (rows * everyMs <= MAX_TOTAL_MS) return;
  const message = `rows times everyMs must be at most ${MAX_TOTAL_MS}`;
  throw new Problem('invalid-input', {
    detail: message,
    errors: [{ in: 'query', name: 'everyMs', message }],
  });
}
