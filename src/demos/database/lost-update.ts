import type pg from 'pg';
import { DatabaseError } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isRetryable } from '../../database/problems.ts';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';

const CONNECTIONS = 10;
/** In each round of attempts at least one succeeds, so this many suffice for the most increments allowed. */
const MAX_ATTEMPTS = 200;
const MAX_RETRY_MS = 20;

const waySchema = z.strictObject({
  way: z.string(),
  value: z.number().describe('The counter afterwards'),
  lost: z.number().describe('Increments that were confirmed but are not in the counter'),
  retries: z.number(),
  serializationFailures: z.number().describe('Errors 40001 of the server'),
  totalMs: z.number(),
});
type Way = z.infer<typeof waySchema>;

const resultSchema = z.strictObject({
  increments: z.number().describe('Started at the same time in each way'),
  connections: z.number(),
  ways: z.array(waySchema),
});
type Result = z.infer<typeof resultSchema>;

/** Increments the counter once. @returns whether it did; otherwise it is called again */
type Increment = (client: pg.PoolClient, id: number) => Promise<boolean>;

const readAndWrite: Increment = async (client, id) => {
  const value = await readValue(client, 'select value from counters where id = $1', id);
  await client.query('update counters set value = $2 where id = $1', [id, value + 1]);
  return true;
};

const WAYS: Readonly<Record<string, Increment>> = {
  'read-modify-write': readAndWrite,
  'for update': (client, id) =>
    inTransaction(client, 'begin', async () => {
      const value = await readValue(client, 'select value from counters where id = $1 for update', id);
      await client.query('update counters set value = $2 where id = $1', [id, value + 1]);
      return true;
    }),
  version: async (client, id) => {
    const { rows } = await client.query<{ value: number; version: number }>(
      'select value, version from counters where id = $1',
      [id],
    );
    const { value = 0, version = 0 } = rows[0] ?? {};
    const { rowCount } = await client.query(
      'update counters set value = $2, version = version + 1 where id = $1 and version = $3',
      [id, value + 1, version],
    );
    return rowCount === 1;
  },
  serializable: (client, id) =>
    inTransaction(client, 'begin isolation level serializable', () => readAndWrite(client, id)),
  'one statement': async (client, id) => {
    await client.query('update counters set value = value + 1 where id = $1', [id]);
    return true;
  },
};

export const lostUpdate = demoRoute({
  method: 'get',
  path: '/lost-update',
  title: 'Do not lose concurrent updates',
  summary: 'Increments a counter many times at once, in five ways.',
  teaches:
    'A value that is read, changed and written back overwrites what others have written since. Lock the row, compare a ' +
    'version, let the database detect the conflict and retry, or let one statement do it all.',
  query: z.object({
    increments: wholeNumber('Increments that start at the same time', { min: 1, max: 100, default: 20 }),
  }),
  result: resultSchema,
  examples: [
    { title: '20 increments at once', query: { as: 'text' } },
    { title: 'One increment, without a conflict', query: { increments: 1 } },
  ],
  contrasts: [],
  run({ query: { increments }, resources, signal, timeline }) {
    return scratchDatabaseOf(resources).withPool({ max: CONNECTIONS }, signal, async (pool) => {
      const warm = Array.from({ length: CONNECTIONS }, () => pool.query('select 1'));
      await Promise.all(warm);
      // A run that was interrupted has not removed its row.
      await pool.query(`delete from counters where created_at < now() - interval '10 minutes'`);
      const ways: Way[] = [];
      for (const [way, increment] of Object.entries(WAYS)) {
        ways.push(
          await timeline.record(way, 'database', () => measure(pool, way, increment, increments, signal)),
        );
      }
      const result = { increments, connections: CONNECTIONS, ways };
      return { result, lesson: conclude(result) };
    });
  },
});

/** Increments a counter of its own, and removes it. */
async function measure(
  pool: pg.Pool,
  way: string,
  increment: Increment,
  increments: number,
  signal: AbortSignal,
): Promise<Way> {
  const inserted = await pool.query<{ id: number }>('insert into counters default values returning id');
  const id = inserted.rows[0]?.id ?? 0;
  const counts = { confirmed: 0, retries: 0, serializationFailures: 0 };
  try {
    const startedAt = performance.now();
    const outcomes = await Promise.allSettled(
      Array.from({ length: increments }, async () => {
        const client = await pool.connect();
        try {
          await untilDone(() => increment(client, id), counts, signal);
          counts.confirmed += 1;
        } finally {
          client.release();
        }
      }),
    );
    const totalMs = toMicroseconds(performance.now() - startedAt);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    const { rows } = await pool.query<{ value: number }>('select value from counters where id = $1', [id]);
    const value = rows[0]?.value ?? 0;
    const { confirmed, retries, serializationFailures } = counts;
    return { way, value, lost: confirmed - value, retries, serializationFailures, totalMs };
  } finally {
    await pool.query('delete from counters where id = $1', [id]);
  }
}

/** Repeats an increment that met another one. */
async function untilDone(
  attempt: () => Promise<boolean>,
  counts: { retries: number; serializationFailures: number },
  signal: AbortSignal,
): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    signal.throwIfAborted();
    try {
      if (await attempt()) return;
    } catch (error) {
      if (!isRetryable(error) || attempts === MAX_ATTEMPTS) throw error;
      if (error instanceof DatabaseError && error.code === '40001') counts.serializationFailures += 1;
    }
    if (attempts === MAX_ATTEMPTS) throw new Error(`an increment met another one ${MAX_ATTEMPTS} times`);
    counts.retries += 1;
    // Randomized, or those that collided would collide again.
    await sleep(Math.random() * MAX_RETRY_MS, undefined, { signal });
  }
}

async function inTransaction<T>(client: pg.PoolClient, begin: string, work: () => Promise<T>): Promise<T> {
  await client.query(begin);
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function readValue(client: pg.PoolClient, text: string, id: number): Promise<number> {
  const { rows } = await client.query<{ value: number }>(text, [id]);
  return rows[0]?.value ?? 0;
}

function conclude({ increments, ways }: Result): Lesson {
  const [naive, ...others] = ways as [Way, ...Way[]];
  const describe = ({ way, value, retries, totalMs }: Way) =>
    `${way} ${value} in ${ms(totalMs)}${retries === 0 ? '' : ` with ${count(retries, 'retry', 'retries')}`}`;
  const losing = others.filter(({ lost }) => lost > 0);
  const text =
    `Of ${count(increments, 'increment')} at once, each confirmed to its caller, the counter had ${naive.value} after ` +
    `${naive.way} in ${ms(naive.totalMs)}. The other ways: ${others.map(describe).join(', ')}.`;
  if (losing.length > 0) {
    const too = naive.lost > 0 ? ', too' : '';
    return { headline: `Updates were lost by ${losing.map(({ way }) => way).join(' and ')}${too}`, text };
  }
  if (naive.lost === 0) {
    return {
      headline: 'No update was lost in this run',
      text: `${text} Read-modify-write lost nothing this time, which it does not ensure.`,
    };
  }
  return { headline: `Read-modify-write lost ${naive.lost} of ${increments} updates, the others none`, text };
}
