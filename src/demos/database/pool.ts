import { setImmediate as nextIteration } from 'node:timers/promises';
import type pg from 'pg';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { toProblem } from '../../database/problems.ts';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import type { ScratchDatabase } from '../kit/database/scratch-database.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';

/** Filters a fifth of the table: milliseconds of CPU time of the server. */
const STATEMENT = `select count(*) from orders where id <= 20000 and note like '%abcdef%'`;

const POOL = 4;
const TOO_LARGE = 20;
const EXHAUSTED = 2;
/** How long a caller of the exhausted pool waits, in times of one statement. */
const WAIT_FACTOR = 4;
const MIN_WAIT_MS = 20;
/** A timer may be late, so a wait that is this many times the limit is not a late one. */
const CLEARLY_OVER = 2;

const waySchema = z.strictObject({
  way: z.string(),
  connections: z.number(),
  served: z.number(),
  refused: z.number().describe('Callers that got no connection in time'),
  totalMs: z.number(),
  waitedP50Ms: z.number().describe('Median of the time that callers waited for a connection'),
  waitedMaxMs: z.number(),
  statementP50Ms: z.number().describe('Median of the time of a statement once it had a connection'),
  waitingMax: z.number().describe('Most callers that waited at once (`pool.waitingCount`)'),
});
type Way = z.infer<typeof waySchema>;

const resultSchema = z.strictObject({
  statements: z.number().describe('Started at the same time in each way'),
  ways: z.array(waySchema),
  refusal: z
    .strictObject({ status: z.number(), code: z.string(), detail: z.string(), retryAfter: z.string() })
    .optional()
    .describe('The error response that a caller without a connection gets'),
  waitLimitMs: z.number().describe('How long callers of the exhausted pool could wait'),
});
type Result = z.infer<typeof resultSchema>;

export const pool = demoRoute({
  method: 'get',
  path: '/pool',
  title: 'Size the pool of connections',
  summary: 'Runs the same statements at once on 1, 4 and 20 connections, and on 2 with a limit on the wait.',
  teaches:
    'A pool lets as many statements run as the server has cores for; the others wait in the client. More connections do ' +
    'not add cores. If the wait has a limit, an exhausted pool rejects callers instead of keeping them.',
  query: z.object({
    statements: wholeNumber('Statements that start at the same time', { min: 1, max: 100, default: 40 }),
  }),
  result: resultSchema,
  examples: [
    { title: '40 statements at once', query: { as: 'text' } },
    { title: 'Few enough for the pool', query: { statements: 4 } },
  ],
  contrasts: [],
  async run({ query: { statements }, resources, signal, timeline }) {
    const database = scratchDatabaseOf(resources);
    const measure = (way: string, max: number, waitMs?: number) =>
      timeline.record(way, 'pool', () => load(database, { way, max, waitMs, statements, signal }));
    const one = await measure('one connection', 1);
    const four = await measure('pool', POOL);
    const many = await measure('too large', TOO_LARGE);
    const waitLimitMs = Math.max(MIN_WAIT_MS, Math.round(WAIT_FACTOR * one.figures.statementP50Ms));
    const exhausted = await measure('exhausted', EXHAUSTED, waitLimitMs);
    const result = {
      statements,
      ways: [one, four, many, exhausted].map(({ figures }) => figures),
      ...(exhausted.refusal === undefined ? {} : { refusal: exhausted.refusal }),
      waitLimitMs,
    };
    return { result, lesson: conclude(result) };
  },
});

interface Load {
  readonly way: string;
  readonly max: number;
  /** The limit on the wait for a connection. By default one that none reaches here. */
  readonly waitMs: number | undefined;
  readonly statements: number;
  readonly signal: AbortSignal;
}

async function load(database: ScratchDatabase, { way, max, waitMs, statements, signal }: Load) {
  return database.withPool({ max, connectionTimeoutMillis: 60_000 }, signal, async (connections) => {
    await connectAll(connections, max);
    // The limit is on the wait for an open connection: to open one may take longer.
    if (waitMs !== undefined) connections.options.connectionTimeoutMillis = waitMs;
    const waited: number[] = [];
    const took: number[] = [];
    let refused = 0;
    let refusal: Result['refusal'];
    const startMs = performance.now();
    const runOne = async () => {
      let client: pg.PoolClient;
      try {
        client = await connections.connect();
      } catch (error) {
        refused += 1;
        refusal = describeRefusal(error);
        return;
      } finally {
        waited.push(performance.now() - startMs);
      }
      try {
        signal.throwIfAborted();
        const startedAt = performance.now();
        await client.query(STATEMENT);
        took.push(performance.now() - startedAt);
      } finally {
        client.release();
      }
    };
    // Attached at once: if the client has disconnected, callers reject within this iteration.
    const settled = Promise.allSettled(Array.from({ length: statements }, runOne));
    await nextIteration(); // the pool gives out its idle connections first
    const waitingMax = connections.waitingCount;
    for (const outcome of await settled) if (outcome.status === 'rejected') throw outcome.reason;
    const figures: Way = {
      way,
      connections: max,
      served: took.length,
      refused,
      totalMs: toMicroseconds(performance.now() - startMs),
      waitedP50Ms: median(waited),
      waitedMaxMs: toMicroseconds(Math.max(...waited)),
      statementP50Ms: median(took),
      waitingMax,
    };
    return { figures, refusal };
  });
}

/** Opens all connections first, as in a service that runs. */
async function connectAll(connections: pg.Pool, max: number): Promise<void> {
  const clients = await Promise.allSettled(Array.from({ length: max }, () => connections.connect()));
  for (const client of clients) if (client.status === 'fulfilled') client.value.release();
  for (const client of clients) if (client.status === 'rejected') throw client.reason;
}

/** @returns the error response of this error @throws the error, if it is not that no connection was free */
function describeRefusal(error: unknown): Result['refusal'] {
  const problem = toProblem(error);
  if (!(problem instanceof Problem)) throw error;
  const { status, code } = problem;
  return {
    status,
    code,
    detail: problem.message,
    retryAfter: problem.headers['Retry-After'] ?? '',
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return toMicroseconds(sorted[Math.floor(sorted.length / 2)] ?? 0);
}

function conclude({ statements, ways, refusal, waitLimitMs }: Result): Lesson {
  const [one, four, many, exhausted] = ways as [Way, Way, Way, Way];
  const gain = one.totalMs / four.totalMs;
  const more = four.totalMs / many.totalMs;
  const refusals =
    `With ${exhausted.connections} connections and a limit of ${ms(waitLimitMs)} on the wait, ` +
    (refusal === undefined
      ? `none was refused${exhausted.waitedMaxMs > CLEARLY_OVER * waitLimitMs ? ': the limit did not hold' : ''}.`
      : `${exhausted.refused} of ${statements} callers were refused with ${refusal.status}.`) +
    ` The longest wait was ${ms(exhausted.waitedMaxMs)}.`;
  if (statements < four.connections) {
    return {
      headline: `${count(statements, 'statement')} cannot use ${four.connections} connections`,
      text: `This run does not compare pools: it needs more statements than connections. ${refusals}`,
    };
  }
  return {
    headline:
      more > 1.3
        ? `${many.connections} connections were ${times(more)} as fast as ${four.connections} in this run`
        : `From ${one.connections} to ${four.connections} connections: ${times(gain)} as fast; to ${many.connections}: ${times(more)}`,
    text:
      `${count(statements, 'statement')} took ${ms(one.totalMs)} on one connection, ${ms(four.totalMs)} on ` +
      `${four.connections} and ${ms(many.totalMs)} on ${many.connections}. A statement itself took ` +
      `${ms(one.statementP50Ms)}, ${ms(four.statementP50Ms)} and ${ms(many.statementP50Ms)} (median): the server shares ` +
      `its cores among those that run. Up to ${one.waitingMax}, ${four.waitingMax} and ${many.waitingMax} waited in the ` +
      `client. ${refusals}`,
  };
}
