import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { rawRoute, wholeNumber } from '../demo.ts';
import { overLoopback } from '../evidence/loopback.ts';
import { open } from '../evidence/request.ts';
import type { Timeline } from '../evidence/timeline.ts';
import { count } from '../evidence/words.ts';
import { sendStream } from '../work/send-stream.ts';
import { parseEvents, type ServerSentEvent } from './event-parser.ts';

/** How long a client should wait before it comes again. */
const RETRY_MS = 1_000;

const query = z.object({
  events: wholeNumber('The id of the last event', { min: 1, max: 10_000, default: 10 }),
  everyMs: wholeNumber('From one event to the next', { min: 10, max: 10_000, default: 100 }),
});
type Asked = z.output<typeof query>;

export const eventRoutes = [
  rawRoute({
    method: 'get',
    path: '/events',
    summary:
      'Server-sent events that resume where a client lost them, and say goodbye when the worker drains.',
    teaches:
      'An endless answer must know two ends: the client leaves, or this worker stops. Ids let the next worker go on where this one stopped.',
    query,
    response: {
      mediaType: 'text/event-stream',
      description: 'Events «tick» with ids, and at the end «goodbye»',
    },
    examples: [
      { title: 'Watch them come', curl: '-N' },
      { title: 'Resume after the seventh', headers: { 'Last-Event-ID': '7' }, curl: '-N' },
      { title: 'A client that loses its connection and comes again', query: { as: 'text' } },
    ],
    contrasts: ['streams/ndjson'],
    observed: z.strictObject({
      events: z.number(),
      idsOfFirstConnection: z.array(z.number()),
      lastEventIdSent: z.string(),
      idsOfSecondConnection: z.array(z.number()),
      missed: z.number(),
      repeated: z.number(),
      goodbye: z.string().nullable(),
    }),
    async observe({ query: asked, signal, draining, timeline }) {
      const { first, second } = await loseAndResume(asked, signal, draining, timeline);
      const [before, after] = [idsOf(first), idsOf(second)];
      const all = new Set([...before, ...after]);
      const goodbye = second.find(({ event }) => event === 'goodbye')?.data ?? null;
      const result = {
        events: asked.events,
        idsOfFirstConnection: before.slice(0, 40),
        lastEventIdSent: String(before.at(-1) ?? ''),
        idsOfSecondConnection: after.slice(0, 40),
        missed: asked.events - all.size,
        repeated: before.length + after.length - all.size,
        goodbye,
      };
      return {
        result,
        lesson:
          `The connection was lost after event ${result.lastEventIdSent} and resumed with ${after[0] ?? 'none'}: of ${count(asked.events, 'event')} ` +
          `${result.missed} were missed and ${result.repeated} came twice; ${goodbye === null ? 'no goodbye came' : `the goodbye said ${goodbye}`}.`,
      };
    },
    async send({ query: asked, req, res, signal, draining }) {
      await sendEvents(asked, req.get('last-event-id'), res, signal, draining);
    },
  }),
];

async function sendEvents(
  { events, everyMs }: Asked,
  lastEventId: string | undefined,
  res: ServerResponse,
  signal: AbortSignal,
  draining: AbortSignal,
): Promise<void> {
  const next = /^\d{1,9}$/.test(lastEventId ?? '') ? Number(lastEventId) + 1 : 1;
  if (next > events) {
    // All were seen. This status is how a client is told to come no more: https://html.spec.whatwg.org/multipage/server-sent-events.html
    res.writeHead(204).end();
    return;
  }
  res.statusCode = 200;
  res.setHeader('Content-Type', 'text/event-stream');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('X-Accel-Buffering', 'no'); // a proxy that collects an answer would hold events back
  res.flushHeaders();
  await sendStream(Readable.from(eventsFrom(next, events, everyMs, signal, draining)), res, signal);
}

async function* eventsFrom(
  next: number,
  last: number,
  everyMs: number,
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

/** A client reads half of the events, loses its connection, and comes again with the last id it saw. */
async function loseAndResume(asked: Asked, signal: AbortSignal, draining: AbortSignal, timeline: Timeline) {
  const half = Math.ceil(asked.events / 2);
  return overLoopback(
    (req, res) => {
      const left = new AbortController();
      res.once('close', () => left.abort());
      const id = req.headers['last-event-id'];
      void sendEvents(asked, typeof id === 'string' ? id : undefined, res, left.signal, draining).catch(() =>
        res.destroy(),
      );
    },
    async (origin) => {
      const first = await timeline.record('until it is cut off', 'client', () =>
        read(origin, signal, {}, half),
      );
      const lastId = String(idsOf(first).at(-1) ?? '');
      const second = await timeline.record('after coming again', 'client', () =>
        read(origin, signal, { 'Last-Event-ID': lastId }),
      );
      return { first, second };
    },
  );
}

/** Reads events until there are so many, and leaves; or until the end. */
async function read(origin: string, signal: AbortSignal, headers: Record<string, string>, atMost = Infinity) {
  const response = await open(origin, { headers, signal });
  const events: ServerSentEvent[] = [];
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const parsed = parseEvents(text + chunk.toString());
    text = parsed.rest;
    events.push(...parsed.events);
    if (idsOf(events).length >= atMost) break; // which closes the connection
  }
  return events;
}

function idsOf(events: readonly ServerSentEvent[]): number[] {
  return events.flatMap(({ id }) => (id === undefined ? [] : [Number(id)]));
}
