import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { wholeNumber } from '../kit/demo.ts';
import { sendStream } from '../kit/send-stream.ts';

/** How long a client waits before it reconnects. */
const RETRY_MS = 1_000;

export const eventSourceQuery = z.object({
  events: wholeNumber('ID of the last event', { min: 1, max: 10_000, default: 10 }),
  everyMs: wholeNumber('Time between two events', { min: 10, max: 10_000, default: 100 }),
});
export type EventSourceQuery = z.output<typeof eventSourceQuery>;

/** Sends the events after `lastEventId`. */
export async function sendEvents(
  query: EventSourceQuery,
  lastEventId: string | undefined,
  res: ServerResponse,
  signal: AbortSignal,
  draining: AbortSignal,
): Promise<void> {
  const next = /^\d{1,9}$/.test(lastEventId ?? '') ? Number(lastEventId) + 1 : 1;
  if (next > query.events) {
    // With 204 an EventSource stops reconnecting: https://html.spec.whatwg.org/multipage/server-sent-events.html
    res.writeHead(204).end();
    return;
  }
  res.statusCode = 200;
  res.setHeader('Content-Type', 'text/event-stream');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('X-Accel-Buffering', 'no'); // a buffering proxy would delay the events
  res.flushHeaders();
  await sendStream(Readable.from(generateEvents(next, query, signal, draining)), res, signal);
}

async function* generateEvents(
  next: number,
  { events: last, everyMs }: EventSourceQuery,
  signal: AbortSignal,
  draining: AbortSignal,
): AsyncGenerator<string> {
  const stop = AbortSignal.any([signal, draining]);
  yield `retry: ${RETRY_MS}\n\n`;
  for (let id = next; id <= last; id += 1) {
    if (id > next) await sleep(everyMs, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) {
      yield goodbye({ reason: 'draining', resumeWith: id - 1 });
      return;
    }
    yield `id: ${id}\nevent: tick\ndata: ${JSON.stringify({ of: last, atMs: Math.round(performance.now()) })}\n\n`;
  }
  yield goodbye({ reason: 'complete' });
}

function goodbye(data: object): string {
  return `event: goodbye\ndata: ${JSON.stringify(data)}\n\n`;
}
