import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { bytes, count, ms } from '../kit/answer/units.ts';
import { rawRoute, wholeNumber } from '../kit/demo.ts';
import { sendStream } from '../kit/send-stream.ts';
import { deliver, delivery } from '../kit/measure/delivery.ts';

/** Shorter than the default shutdown deadline. */
const MAX_TOTAL_MS = 9_000;
const MEDIA_TYPE = 'application/x-ndjson';

const querySchema = z.object({
  rows: wholeNumber('Number of rows', { min: 1, max: 1_000_000, default: 20 }),
  everyMs: wholeNumber('Pause after each row', { min: 0, max: 1_000, default: 25 }),
});
type Query = z.output<typeof querySchema>;

export const ndjson = rawRoute({
  method: 'get',
  path: '/ndjson',
  title: 'Stream rows as NDJSON',
  summary: 'Sends one JSON object per line: a client can use the first before the last exists.',
  teaches:
    '`JSON.parse` needs a complete array. JSON lines can be parsed as they arrive, and they stay valid if the response ' +
    'breaks off.',
  query: querySchema,
  response: { mediaType: MEDIA_TYPE, description: 'One object per line' },
  examples: [
    { title: 'Rows as they arrive', query: { rows: 5, everyMs: 200 }, curl: '-N' },
    { title: 'Time and memory', query: { as: 'text' } },
    { title: 'Many rows without a pause', query: { rows: 200_000, everyMs: 0, as: 'text' } },
  ],
  contrasts: ['streams/events', 'streams/chain'],
  observed: delivery.extend({
    rows: z.number(),
    rowsBeforeLastByte: z.number().describe('Rows parsed before the last chunk arrived'),
  }),
  async observe({ query, signal, draining, timeline }) {
    rejectTooLong(query);
    let text = '';
    let rows = 0;
    let rowsBeforeLastByte = 0;
    const delivered = await deliver(
      (res) => sendRows(query, res, signal, draining),
      timeline,
      signal,
      (chunk) => {
        rowsBeforeLastByte = rows;
        const lines = (text + chunk.toString('latin1')).split('\n'); // the rows are ASCII
        text = lines.pop() ?? '';
        for (const line of lines) if (typeof JSON.parse(line) === 'object') rows += 1;
      },
    );
    const result = { ...delivered, rows, rowsBeforeLastByte };
    return {
      result,
      lesson: {
        headline: `${rowsBeforeLastByte} of ${count(rows, 'row')} could be used before the last chunk`,
        text:
          `${count(rows, 'row')} arrived in ${count(result.chunks, 'chunk')}, ${bytes(result.bytes)} in total. ` +
          `The first bytes arrived after ${ms(result.firstByteMs)} of ${ms(result.lastByteMs)}. ` +
          `The client parsed ${count(rowsBeforeLastByte, 'row')} before the last chunk arrived.`,
      },
    };
  },
  async send({ query, res, signal, draining }) {
    rejectTooLong(query);
    res.set({ 'Content-Type': MEDIA_TYPE, 'Cache-Control': 'no-store' });
    await sendRows(query, res, signal, draining);
  },
});

function rejectTooLong({ rows, everyMs }: Query): void {
  if (rows * everyMs <= MAX_TOTAL_MS) return;
  const message = `rows times everyMs must be at most ${MAX_TOTAL_MS}`;
  throw new Problem('invalid-input', {
    detail: message,
    errors: [{ in: 'query', name: 'everyMs', message }],
  });
}

async function sendRows(query: Query, res: ServerResponse, signal: AbortSignal, draining: AbortSignal) {
  await sendStream(Readable.from(generateRows(query, signal, draining)), res, signal);
}

/** Ends early when the worker drains, with a row that reports it. */
async function* generateRows({ rows, everyMs }: Query, signal: AbortSignal, draining: AbortSignal) {
  const blockSize = everyMs === 0 ? 100 : 1;
  const stop = AbortSignal.any([signal, draining]);
  for (let first = 1; first <= rows; first += blockSize) {
    if (draining.aborted) {
      yield `${JSON.stringify({ incomplete: 'this worker is shutting down', rowsSent: first - 1 })}\n`;
      return;
    }
    let text = '';
    for (let row = first; row < Math.min(first + blockSize, rows + 1); row += 1) {
      text += `${JSON.stringify({ row, square: row * row })}\n`;
    }
    yield text;
    if (everyMs > 0) await sleep(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
}
