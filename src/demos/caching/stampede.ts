import { performance } from 'node:perf_hooks';
import type { Pool } from 'pg';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { SingleFlight } from './single-flight.ts';
import { computeSlowly } from './slow-value.ts';

/** Connections of all callers together, as those of a service would be bounded. */
const CONNECTIONS = 5;
/** A caller waits this long for one (ms): longer than 100 computations take. */
const WAIT_MS = 30_000;
const MAX_BARS = 20;

const resultSchema = z.strictObject({
  way: z.string(),
  clients: z.number(),
  computations: z.number(),
  distinctValues: z.number().describe('1 if all callers received the same value'),
  elapsedMs: z.number(),
  slowestClientMs: z.number(),
  databaseMs: z.number().describe('Time that the database spent on the computations'),
});
type Result = z.infer<typeof resultSchema>;

export const stampede = demoRoute({
  method: 'get',
  path: '/stampede',
  title: 'Cause a cache stampede',
  summary:
    'Lets many callers request one missing key at the same time: one of them computes it, or each does.',
  teaches:
    'With single flight a missing key costs one computation, however many callers request it. Without it each of them ' +
    'computes.',
  query: z.object({
    clients: wholeNumber('Concurrent callers', { min: 1, max: 100, default: 20 }),
    way: oneOf('Who computes: the first caller for all, or each caller', ['single-flight', 'each']),
  }),
  result: resultSchema,
  examples: [
    { title: 'One computes', query: { clients: 20, way: 'single-flight', as: 'text' } },
    { title: 'Each computes', query: { clients: 20, way: 'each', as: 'text' } },
  ],
  contrasts: ['caching/stampede?way=single-flight', 'caching/stampede?way=each', 'caching/lookup'],
  async run({ query, signal, timeline, resources }) {
    const options = { max: CONNECTIONS, connectionTimeoutMillis: WAIT_MS };
    const result = await scratchDatabaseOf(resources).withPool(options, signal, (pool) =>
      rush(query, timeline, pool),
    );
    return { result, lesson: conclude(result) };
  },
});

async function rush(
  { clients, way }: { readonly clients: number; readonly way: 'single-flight' | 'each' },
  timeline: Timeline,
  pool: Pool,
): Promise<Result> {
  const key = `cold ${performance.now()}`;
  const flights = new SingleFlight<string>();
  const cache = new Map<string, string>();
  let computations = 0;
  let slowestClientMs = 0;
  let databaseMs = 0;
  const compute = async () => {
    computations += 1;
    const client = await pool.connect();
    const startMs = timeline.now(); // without the wait for a connection
    try {
      const value = await computeSlowly(client, key);
      cache.set(key, value);
      return value;
    } finally {
      databaseMs += timeline.now() - startMs;
      client.release();
    }
  };
  const request = async (_: unknown, index: number): Promise<string> => {
    const startMs = timeline.now();
    const value = cache.get(key) ?? (await (way === 'each' ? compute() : flights.run(key, compute)));
    const endMs = timeline.now();
    slowestClientMs = Math.max(slowestClientMs, endMs - startMs);
    if (index < MAX_BARS) timeline.add(`client ${index + 1}`, 'waits', startMs, endMs);
    return value;
  };
  const startMs = timeline.now();
  const values = await Promise.all(Array.from({ length: clients }, request));
  return {
    way,
    clients,
    computations,
    distinctValues: new Set(values).size,
    elapsedMs: toMicroseconds(timeline.now() - startMs),
    slowestClientMs: toMicroseconds(slowestClientMs),
    databaseMs: toMicroseconds(databaseMs),
  };
}

function conclude({ clients, computations, elapsedMs, slowestClientMs, databaseMs }: Result): Lesson {
  const headline = `${count(clients, 'caller')} of one missing key caused ${count(computations, 'computation')}`;
  const figures =
    `All callers had the value after ${ms(elapsedMs)}, and the slowest waited ${ms(slowestClientMs)}. The database ` +
    `spent ${ms(databaseMs)} on it.`;
  const verdict =
    clients === 1
      ? 'One caller cannot show a stampede: raise `clients`.'
      : computations === 1
        ? `One caller computed, and ${count(clients - 1, 'other')} waited for the same promise.`
        : `${count(computations - 1, 'computation')} produced a value that another caller was computing already.`;
  return { headline, text: `${verdict} ${figures}` };
}
