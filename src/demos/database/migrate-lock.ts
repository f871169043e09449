import { setTimeout as sleep } from 'node:timers/promises';
import pg, { type ClientBase } from 'pg';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { withRunTable } from './run-table.ts';

const ROWS = 1_000;
/** The transaction is open for this long before the migration begins. */
const LEAD_MS = 50;
const LOCK_TIMEOUT_MS = 50;
const RETRY_MS = 100;
/** Between two selects of one reader. */
const PAUSE_MS = 10;
const POLL_MS = 10;
/** Delays that differ less than by this factor may differ by chance. */
const CLEARLY = 1.5;
/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCK_NOT_AVAILABLE = '55P03';

const wayResult = z.strictObject({
  selects: z.number().describe('Selects that others ran during the migration'),
  selectsBlocked: z
    .number()
    .describe('The most that waited for the migration at the same time, by pg_blocking_pids'),
  slowestSelectMs: z.number(),
  attempts: z.number().describe('How often the migration was tried'),
  migrationMs: z.number().describe('From its first attempt to its end'),
});
type WayResult = z.infer<typeof wayResult>;

const resultSchema = z.strictObject({
  transactionMs: z.number().describe('How long another transaction that has read the table is open'),
  readers: z.number(),
  waits: wayResult.describe('The migration waits for its lock until it gets it'),
  retries: wayResult.describe(`With a lock_timeout of ${LOCK_TIMEOUT_MS} ms, and again after ${RETRY_MS} ms`),
});
type Result = z.infer<typeof resultSchema>;

export const migrateLock = demoRoute({
  method: 'get',
  path: '/migrate-lock',
  title: 'Migrate without blocking readers',
  summary:
    'Adds a column while another transaction is open: waiting for the lock, or giving up and retrying.',
  teaches:
    'A migration that waits for its lock makes every later select wait behind it. Set lock_timeout, and retry.',
  query: z.object({
    transaction: wholeNumber('Duration of the open transaction (ms)', { min: 100, max: 2_000, default: 800 }),
    readers: wholeNumber('Connections that select all the time', { min: 1, max: 8, default: 4 }),
  }),
  result: resultSchema,
  examples: [{ title: 'Waiting and retrying', query: { as: 'text' } }],
  contrasts: ['database/queue'],
  run({ query: { transaction: transactionMs, readers }, resources, signal, timeline }) {
    const create = (table: string) =>
      `create unlogged table ${table} as select n as id from generate_series(1, ${ROWS}) as n`;
    return withRunTable(
      resources,
      { create, clients: readers + 3, signal },
      async (table, observer, holder, migrator, ...clients) => {
        const pair = { observer, holder, migrator, clients } as Connections;
        const measure = (way: 'waits' | 'retries') =>
          migrate({ ...pair, way, table, transactionMs, signal, timeline });
        const result = {
          transactionMs,
          readers,
          waits: await measure('waits'),
          retries: await measure('retries'),
        };
        return { result, lesson: conclude(result) };
      },
    );
  },
});

interface Connections {
  readonly observer: ClientBase;
  readonly holder: ClientBase;
  readonly migrator: ClientBase;
  readonly clients: readonly ClientBase[];
}

interface Migration extends Connections {
  readonly way: 'waits' | 'retries';
  readonly table: string;
  readonly transactionMs: number;
  readonly signal: AbortSignal;
  readonly timeline: Timeline;
}

/** Migrates while a transaction is open and readers select. */
async function migrate(options: Migration): Promise<WayResult> {
  const { way, table, transactionMs, signal, timeline, observer, holder, migrator, clients } = options;
  const migration = new AbortController();
  const done = migration.signal;
  const [pid] = (await migrator.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;

  const holding = timeline.record(way, 'transaction', async () => {
    await holder.query('begin');
    await holder.query(`select count(*) from ${table}`);
    await sleep(transactionMs, undefined, { signal });
    await holder.query('commit');
  });
  const readings = clients.map((client) => readUntil(done, client, table, signal));
  // Awaited below. If the client leaves before, their rejections must not end the process.
  void Promise.allSettled([holding, ...readings]);
  await sleep(LEAD_MS, undefined, { signal });
  const watching = countBlocked(done, observer, pid?.pid ?? 0, signal);
  const others = Promise.all([holding, watching, ...readings]);
  others.catch(() => undefined); // awaited below
  const startMs = timeline.now();
  let attempts: number;
  try {
    attempts = await addColumn({ way, table, migrator, signal });
  } finally {
    migration.abort();
  }
  const endMs = timeline.now();
  timeline.add(way, 'migration', startMs, endMs);
  await others;
  const durations = (await Promise.all(readings)).flat();
  return {
    selects: durations.length,
    selectsBlocked: await watching,
    slowestSelectMs: toMicroseconds(Math.max(...durations)),
    attempts,
    migrationMs: toMicroseconds(endMs - startMs),
  };
}

/** @returns the number of attempts */
async function addColumn({
  way,
  table,
  migrator,
  signal,
}: Pick<Migration, 'way' | 'table' | 'migrator' | 'signal'>): Promise<number> {
  // 0: waits until it gets the lock, as is the default.
  await migrator.query(`set lock_timeout = ${way === 'waits' ? 0 : LOCK_TIMEOUT_MS}`);
  // The transaction of the other connection is short: it ends before this has been tried very often.
  for (let attempts = 1; ; attempts += 1) {
    try {
      await migrator.query(`alter table ${table} add column ${way} text`);
      return attempts;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE)) throw error;
    }
    await sleep(RETRY_MS, undefined, { signal });
  }
}

/** Selects again and again. @returns the duration of each select (ms) */
async function readUntil(
  done: AbortSignal,
  client: ClientBase,
  table: string,
  signal: AbortSignal,
): Promise<number[]> {
  const durations: number[] = [];
  while (!done.aborted) {
    const startedAt = performance.now();
    await client.query(`select id from ${table} where id = 1`);
    durations.push(performance.now() - startedAt);
    await sleep(PAUSE_MS, undefined, { signal });
  }
  return durations;
}

/** Polls which connections wait for the migration. @returns the most at one time */
async function countBlocked(
  done: AbortSignal,
  observer: ClientBase,
  pid: number,
  signal: AbortSignal,
): Promise<number> {
  let most = 0;
  while (!done.aborted) {
    const { rows } = await observer.query<{ blocked: number }>(
      `select count(*)::integer as blocked from pg_stat_activity
       where wait_event_type = 'Lock' and $1::integer = any(pg_blocking_pids(pid))`,
      [pid],
    );
    most = Math.max(most, rows[0]?.blocked ?? 0);
    await sleep(POLL_MS, undefined, { signal });
  }
  return most;
}

function conclude({ waits, retries, transactionMs, readers }: Result): Lesson {
  const text =
    `Another transaction had read the table and was open for ${ms(transactionMs)}. The migration that waited ` +
    `blocked up to ${waits.selectsBlocked} of ${count(readers, 'reader')}: the slowest select took ` +
    `${ms(waits.slowestSelectMs)}. The one with lock_timeout needed ${count(retries.attempts, 'attempt')}, and the slowest ` +
    `select took ${ms(retries.slowestSelectMs)}.`;
  const delays = `${ms(waits.slowestSelectMs)} and ${ms(retries.slowestSelectMs)}`;
  if (waits.slowestSelectMs < CLEARLY * retries.slowestSelectMs)
    return { headline: `Waiting and retrying delayed selects alike: ${delays}`, text };
  return {
    headline: `A waiting migration delayed selects by ${ms(waits.slowestSelectMs)}, retries by ${ms(retries.slowestSelectMs)}`,
    text: `${text} Locks are queued: a select that conflicts with a waiting ALTER TABLE waits behind it, not only for it.`,
  };
}
