import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { rawRoute } from '../kit/demo.ts';
import { overLoopback, sendRequest } from '../kit/measure/loopback.ts';
import type { Timeline } from '../kit/measure/timeline.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { parseEvents, type ServerSentEvent } from './event-parser.ts';
import { eventSourceQuery, sendEvents, type EventSourceQuery } from './event-source.ts';

const MAX_IDS_SHOWN = 40;

export const events = rawRoute({
  method: 'get',
  path: '/events',
  title: 'Resume server-sent events',
  summary:
    'Sends server-sent events that resume after a lost connection, and a `goodbye` at the end or when the worker drains.',
  teaches:
    'An endless response ends in two ways: the client disconnects or the worker shuts down. Event IDs let the next worker ' +
    'resume.',
  query: eventSourceQuery,
  response: {
    mediaType: 'text/event-stream',
    description: 'Events `tick` with IDs, then the event `goodbye`',
  },
  examples: [
    { title: 'Events as they arrive', curl: '-N' },
    { title: 'Resume after event 7', headers: { 'Last-Event-ID': '7' }, curl: '-N' },
    { title: 'A client that reconnects', query: { as: 'text' } },
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
  async observe({ query, signal, draining, timeline }) {
    rejectLongWork('run', query.events * query.everyMs, ['events', 'everyMs']);
    const { first, second } = await disconnectAndResume(query, signal, draining, timeline);
    const [firstIds, secondIds] = [idsOf(first), idsOf(second)];
    const received = new Set([...firstIds, ...secondIds]);
    const goodbye = second.find(({ event }) => event === 'goodbye')?.data ?? null;
    const result = {
      events: query.events,
      idsOfFirstConnection: firstIds.slice(0, MAX_IDS_SHOWN),
      lastEventIdSent: String(firstIds.at(-1) ?? ''),
      idsOfSecondConnection: secondIds.slice(0, MAX_IDS_SHOWN),
      missed: query.events - received.size,
      repeated: firstIds.length + secondIds.length - received.size,
      goodbye,
    };
    const { missed, repeated } = result;
    return {
      result,
      lesson: {
        headline: `The client reconnected: ${count(missed, 'event')} missed, ${repeated} repeated`,
        text:
          `The connection broke after ${nameOf(firstIds.at(-1))} and resumed with ${nameOf(secondIds[0])}. ` +
          `Of ${count(query.events, 'event')}, ${missed} were missed and ${repeated} arrived twice. ` +
          (goodbye === null ? 'No goodbye arrived.' : `The goodbye carried ${goodbye}.`),
      },
    };
  },
  async send({ query, req, res, signal, draining }) {
    await sendEvents(query, req.get('last-event-id'), res, signal, draining);
  },
});

/** Reads half of the events, disconnects, and reconnects with the last ID it received. */
async function disconnectAndResume(
  query: EventSourceQuery,
  signal: AbortSignal,
  draining: AbortSignal,
  timeline: Timeline,
) {
  const half = Math.ceil(query.events / 2);
  return overLoopback(
    (req, res) => {
      const disconnected = new AbortController();
      res.once('close', () => disconnected.abort());
      const lastId = req.headers['last-event-id'];
      void sendEvents(
        query,
        typeof lastId === 'string' ? lastId : undefined,
        res,
        disconnected.signal,
        draining,
      ).catch(() => res.destroy());
    },
    async (origin) => {
      const first = await timeline.record('first connection', 'client', () =>
        readEvents(origin, signal, {}, half),
      );
      const lastId = String(idsOf(first).at(-1) ?? '');
      const second = await timeline.record('second connection', 'client', () =>
        readEvents(origin, signal, { 'Last-Event-ID': lastId }),
      );
      return { first, second };
    },
  );
}

/** Reads events until the response ends, or disconnects after `limit` of them. */
async function readEvents(
  origin: string,
  signal: AbortSignal,
  headers: Record<string, string>,
  limit = Infinity,
) {
  const response = await sendRequest(origin, { headers, signal });
  const received: ServerSentEvent[] = [];
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const parsed = parseEvents(text + chunk.toString());
    text = parsed.rest;
    received.push(...parsed.events);
    if (idsOf(received).length >= limit) break; // closes the connection
  }
  return received;
}

function nameOf(id: number | undefined): string {
  return id === undefined ? 'no event' : `event ${id}`;
}

function idsOf(received: readonly ServerSentEvent[]): number[] {
  return received.flatMap(({ id }) => (id === undefined ? [] : [Number(id)]));
}
