import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { operations, respondLate, WORK_MS, type Surroundings } from './operations.ts';

const ways = ['none', 'signal', 'timeout', 'any'] as const;
const clients = ['leaves', 'stays'] as const;
type Way = (typeof ways)[number];

/** When the client disconnects, from the arrival of its request on. */
const LEAVES_MS = 100;

const rowSchema = z.strictObject({
  operation: z.string(),
  endedBy: z.string().describe('"itself", or the reason of its signal'),
  endedMs: z.number().describe('From the start of the request'),
  ranOnMs: z.number().describe('How long it ran after the client had disconnected'),
});
type Row = z.infer<typeof rowSchema>;

const resultSchema = z.strictObject({
  way: z.enum(ways),
  client: z.enum(clients),
  timeoutMs: z.number().nullable(),
  waitedMs: z.number().describe('How long the client waited'),
  ranOnMs: z.number().describe('The sum of all operations'),
  operations: z.array(rowSchema),
});
export type Result = z.infer<typeof resultSchema>;

export const spread = demoRoute({
  method: 'get',
  path: '/spread',
  title: 'Cancel all work of a request',
  summary: `Serves a request that starts four operations of ${WORK_MS} ms, and reports what runs on when its client disconnects.`,
  teaches:
    'Work goes on after its client has disconnected, unless a signal stops every part of it. A timeout alone stops late; a ' +
    'signal of the client alone does not help a client that waits. AbortSignal.any does both.',
  query: z.object({
    way: oneOf('The signal of the operations: none, that of the client, a timeout, or any of both', ways),
    client: oneOf(`Whether the client disconnects after ${LEAVES_MS} ms`, clients),
    timeoutMs: wholeNumber('The timeout, in milliseconds', { min: 200, max: 500, default: 300 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'No signal', query: { way: 'none', as: 'text' } },
    { title: 'The signal of the client', query: { way: 'signal', as: 'text' } },
    { title: 'A timeout', query: { way: 'timeout', as: 'text' } },
    { title: 'Client or timeout', query: { way: 'any', as: 'text' } },
    {
      title: 'A client that waits, without a timeout',
      query: { way: 'signal', client: 'stays', as: 'text' },
    },
    { title: 'A client that waits, with one', query: { way: 'any', client: 'stays', as: 'text' } },
  ],
  contrasts: [
    'abort/spread?way=none',
    'abort/spread?way=signal',
    'abort/spread?way=timeout',
    'abort/spread?way=any',
    'abort/listeners?way=any',
  ],
  async run(call) {
    const result = await serveOne(call);
    return { result, lesson: conclude(result) };
  },
});

type SpreadCall = DemoCall<
  unknown,
  { readonly way: Way; readonly client: Result['client']; readonly timeoutMs: number },
  unknown
>;

async function serveOne({ query, signal, timeline, resources }: SpreadCall): Promise<Result> {
  const { way, client, timeoutMs } = query;
  const served = Promise.withResolvers<Row[]>();
  served.promise.catch(() => undefined); // awaited below; until then a rejection must not count as unhandled
  const arrived = Promise.withResolvers<undefined>();
  let startMs = 0;
  let leftMs = Infinity;

  const serve = async (res: ServerResponse, surroundings: Surroundings) => {
    const own = createSignal(way, timeoutMs, res);
    const used = AbortSignal.any([own, surroundings.cleanUp]);
    return Promise.all(
      Object.entries(operations).map(async ([operation, run]) => {
        const end = timeline.begin(operation, 'server');
        await run(used, surroundings);
        const { endMs } = end();
        return {
          operation,
          endedBy: own.aborted && endMs < startMs + WORK_MS ? nameOf(own.reason) : 'itself',
          endedMs: toMicroseconds(endMs - startMs),
          ranOnMs: toMicroseconds(Math.max(0, endMs - leftMs)),
        };
      }),
    );
  };

  return overLoopback(
    (req, res) => {
      if (req.url === '/upstream') {
        respondLate(res);
        return;
      }
      startMs = timeline.now();
      arrived.resolve(undefined);
      const surroundings = { upstream: `http://${req.headers.host}/upstream`, resources, cleanUp: signal };
      serve(res, surroundings)
        .then(served.resolve, served.reject)
        .finally(() => res.end('done'));
    },
    async (origin) => {
      const leaving = new AbortController();
      const end = timeline.begin(client === 'stays' ? 'waits' : 'waits, then disconnects', 'client');
      const response = fetchResponse(origin, { signal: AbortSignal.any([signal, leaving.signal]) }).catch(
        () => undefined,
      );
      await Promise.race([arrived.promise, response]);
      if (client === 'leaves') {
        await sleep(LEAVES_MS, undefined, { signal });
        leaving.abort();
        leftMs = timeline.now();
      }
      await response;
      const { endMs } = end();
      const rows = await served.promise;
      signal.throwIfAborted();
      return {
        way,
        client,
        timeoutMs: way === 'timeout' || way === 'any' ? timeoutMs : null,
        waitedMs: toMicroseconds(endMs - startMs),
        ranOnMs: toMicroseconds(rows.reduce((sum, { ranOnMs }) => sum + ranOnMs, 0)),
        operations: rows,
      };
    },
  );
}

function createSignal(way: Way, timeoutMs: number, res: ServerResponse): AbortSignal {
  const client = new AbortController();
  // After a complete response as well, which aborts nothing any more.
  res.once('close', () => client.abort());
  const { signal } = client;
  if (way === 'signal') return signal;
  if (way === 'timeout') return AbortSignal.timeout(timeoutMs);
  if (way === 'any') return AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  return new AbortController().signal;
}

function nameOf(reason: unknown): string {
  return reason instanceof DOMException ? reason.name : String(reason);
}

const names: Readonly<Record<Way, string>> = {
  none: 'No signal',
  signal: 'Client signal',
  timeout: 'Timeout',
  any: 'Client or timeout',
};

export function conclude({ way, client, waitedMs, ranOnMs, operations: rows }: Result): Lesson {
  const ends = rows
    .map(({ operation, endedBy, endedMs }) => `${operation} ${ms(endedMs)} (${endedBy})`)
    .join(', ');
  const own = names[way];
  const ended = `Each operation ended after: ${ends}.`;
  if (client === 'stays') {
    const aborted = rows.filter(({ endedBy }) => endedBy !== 'itself').length;
    return {
      headline: `${own}: a client that stayed waited ${ms(waitedMs)}`,
      text: `${ended} ${
        aborted > 0
          ? `${aborted} of ${rows.length} were stopped: the wait of the client is bounded.`
          : 'None was stopped: only the work itself bounds the wait.'
      }`,
    };
  }
  const onTime = rows.filter(({ endedBy }) => endedBy === 'AbortError').length;
  const slowest = Math.max(...rows.map((row) => row.ranOnMs));
  return onTime === rows.length
    ? {
        headline: `${own}: all ${rows.length} operations stopped within ${ms(slowest)}`,
        text: `That is from the disconnect of the client, after ${ms(waitedMs)}: its signal reached everything that the request had started. ${ended}`,
      }
    : {
        headline: `${own}: ${count(rows.length - onTime, 'operation')} ran on for ${ms(ranOnMs)} in total`,
        text: `The client disconnected after ${ms(waitedMs)} and does not read a result. ${ended}`,
      };
}
