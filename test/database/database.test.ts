import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Database, type DatabaseOptions } from '../../src/database/database.ts';
import { createTestDatabase, query as runElsewhere, type TestDatabase } from '../support/database.ts';
import { until } from '../support/program.ts';

let place: TestDatabase;
let logged: Record<string, unknown>[];
let waits: number[];
const opened: Database[] = [];

beforeEach(async () => {
  place = await createTestDatabase();
  logged = [];
  waits = [];
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()));
  await place[Symbol.asyncDispose]();
});

function open(options: Partial<DatabaseOptions> = {}): Database {
  const log = pino({}, { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) });
  const defaults = { url: place.url, poolMax: 2, waitMs: 2_000, statementTimeoutMs: 10_000, name: 'tested' };
  const database = new Database({ ...defaults, log, ...options }, (ms) => waits.push(ms));
  opened.push(database);
  return database;
}

async function pidOf(database: Database): Promise<number> {
  const { rows } = await database.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

/** The statements that the server runs for the tested database, but not this one. */
async function running(observer: Database): Promise<string[]> {
  const { rows } = await observer.query<{ query: string }>(
    `select query from pg_stat_activity
     where datname = current_database() and state = 'active' and pid <> pg_backend_pid()`,
  );
  return rows.map(({ query }) => query);
}

async function untilRunning(observer: Database, part: string): Promise<void> {
  await until(part, async () => (await running(observer)).some((text) => text.includes(part)) || undefined);
}

const unavailable = { code: 'database-unavailable', status: 503, headers: { 'Retry-After': '1' } };

describe('the pool', () => {
  test('rejects with 503 and Retry-After a statement that waits too long for a connection', async () => {
    const database = open({ poolMax: 1, waitMs: 1_000 });
    await database.query('select 1'); // connects, which may take long on a busy machine
    waits.length = 0;
    const slow = database.query('select pg_sleep(3)');
    await expect(database.query('select 1')).rejects.toMatchObject({
      ...unavailable,
      detail: 'No database connection became free in time.',
    });
    expect(database.figures).toEqual({ size: 1, idle: 0, waiting: 0 });
    await database.ping(); // it has a connection of its own
    await slow;
    expect(database.figures).toEqual({ size: 1, idle: 1, waiting: 0 });
    expect(waits).toHaveLength(2);
    expect(Math.max(...waits)).toBeGreaterThanOrEqual(900);
  });

  test('logs the loss of an idle connection and opens another one', async () => {
    const database = open({ poolMax: 1, url: place.url.replace('postgres@', 'postgres:secret-word@') });
    const pid = await pidOf(database);
    await runElsewhere(place.url, [`select pg_terminate_backend(${pid})`]);
    await until('the log line', () => (logged.length > 0 ? true : undefined));
    expect(logged).toEqual([
      expect.objectContaining({
        event: 'database-connection-lost',
        reason: 'terminating connection due to administrator command',
      }),
    ]);
    expect(JSON.stringify(logged)).not.toContain('secret-word');
    expect(await pidOf(database)).not.toBe(pid);
  });

  test('survives the loss of a connection between two statements of a transaction', async () => {
    const database = open({ poolMax: 1 });
    const lost = database.transaction(async (queries) => {
      const { rows } = await queries.query<{ pid: number }>('select pg_backend_pid() as pid');
      await runElsewhere(place.url, [`select pg_terminate_backend(${rows[0]?.pid})`]);
      await until('the log line', () => (logged.length > 0 ? true : undefined));
      await queries.query('select 1');
    });
    await expect(lost).rejects.toMatchObject(unavailable);
    expect(logged).toHaveLength(1);
    await database.query('select 1');
  });

  test('rejects with 503 a statement whose connection is lost, and does not use that connection again', async () => {
    const database = open({ poolMax: 1 });
    const observer = open();
    const pid = await pidOf(database);
    const lost = expect(database.query('select pg_sleep(20)')).rejects.toMatchObject(unavailable);
    await untilRunning(observer, 'pg_sleep(20)');
    await runElsewhere(place.url, [`select pg_terminate_backend(${pid})`]);
    await lost;
    expect(await pidOf(database)).not.toBe(pid);
  });

  test('rejects with 503 if no server listens', async () => {
    const database = open({ url: 'postgres://postgres@127.0.0.1:1/postgres' });
    await expect(database.query('select 1')).rejects.toMatchObject(unavailable);
    await expect(database.ping()).rejects.toMatchObject(unavailable);
  });
});

describe('a statement', () => {
  test('that takes too long is canceled by the server, and its connection is used again', async () => {
    const database = open({ poolMax: 1, statementTimeoutMs: 200 });
    const pid = await pidOf(database);
    await expect(database.query('select pg_sleep(20)')).rejects.toMatchObject({
      ...unavailable,
      detail: 'The database did not complete the statement in time.',
    });
    expect(await pidOf(database)).toBe(pid);
  });

  test('is canceled on the server when its signal is aborted, and its connection is used again', async () => {
    const database = open({ poolMax: 1 });
    const observer = open();
    const pid = await pidOf(database);
    const aborting = new AbortController();
    const reason = new Error('disconnected');
    const canceled = expect(
      database.query('select pg_sleep(20)', [], { signal: aborting.signal }),
    ).rejects.toBe(reason);
    await untilRunning(observer, 'pg_sleep(20)');
    aborting.abort(reason);
    await canceled;
    expect(await running(observer)).toEqual([]);
    expect(await pidOf(database)).toBe(pid);
    expect(logged).toEqual([]);
  });

  test('whose signal is aborted never ends the next one on the same connection', async () => {
    const database = open({ poolMax: 1 });
    for (let round = 0; round < 60; round += 1) {
      const aborting = new AbortController();
      const first = database
        .query('select pg_sleep(0.005)', [], { signal: aborting.signal })
        .catch(() => undefined);
      const second = database.query('select pg_sleep(0.005)');
      await sleep(3 + (round % 6));
      aborting.abort();
      await Promise.all([first, second]);
    }
  });

  test('whose signal is aborted already is not sent', async () => {
    const database = open();
    await expect(database.query('select 1', [], { signal: AbortSignal.abort() })).rejects.toThrow('abort');
    expect(database.figures.size).toBe(0);
  });

  test('that is wrong rejects with the error of the server, and its connection is used again', async () => {
    const database = open({ poolMax: 1 });
    const pid = await pidOf(database);
    await expect(database.query('select nothing')).rejects.toMatchObject({ code: '42703' });
    expect(await pidOf(database)).toBe(pid);
  });
});

describe('a transaction', () => {
  beforeEach(() =>
    runElsewhere(place.url, ['create table counters (id int primary key, value int not null)']),
  );

  async function valueOf(database: Database, id: number): Promise<number | undefined> {
    const { rows } = await database.query<{ value: number }>('select value from counters where id = $1', [
      id,
    ]);
    return rows[0]?.value;
  }

  test('commits what it has done', async () => {
    const database = open();
    const result = await database.transaction(async (queries) => {
      // Without waiting for each: they run one after the other.
      await Promise.all([1, 2, 3].map((id) => queries.query('insert into counters values ($1, 0)', [id])));
      return 'done';
    });
    expect(result).toBe('done');
    expect(await valueOf(database, 3)).toBe(0);
  });

  test('rolls back when its work throws, and rethrows', async () => {
    const database = open({ poolMax: 1 });
    const failure = new Error('no');
    await expect(
      database.transaction(async (queries) => {
        await queries.query('insert into counters values (1, 0)');
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await valueOf(database, 1)).toBeUndefined();
  });

  test('repeats after a serialization failure: no increment is lost', async () => {
    const database = open({ poolMax: 5 });
    await database.query('insert into counters values (1, 0)');
    let attempts = 0;
    const allRead = Promise.withResolvers<undefined>();
    const increment = () =>
      database.transaction(
        async (queries) => {
          attempts += 1;
          const { rows } = await queries.query<{ value: number }>('select value from counters where id = 1');
          if (attempts === 4) allRead.resolve(undefined);
          await allRead.promise;
          await queries.query('update counters set value = $1 where id = 1', [(rows[0]?.value ?? 0) + 1]);
        },
        { isolation: 'serializable' },
      );
    await Promise.all([increment(), increment(), increment(), increment()]);
    expect(await valueOf(database, 1)).toBe(4);
    expect(attempts).toBeGreaterThan(4);
  });

  test('repeats after a deadlock', async () => {
    const database = open();
    await database.query('insert into counters values (1, 0), (2, 0)');
    let attempts = 0;
    const both = Promise.withResolvers<undefined>();
    const locked = new Set<number>();
    const change = (ids: readonly [number, number]) =>
      database.transaction(async (queries) => {
        attempts += 1;
        const update = 'update counters set value = value + 1 where id = $1';
        await queries.query(update, [ids[0]]);
        if (locked.add(ids[0]).size === 2) both.resolve(undefined);
        await both.promise;
        await queries.query(update, [ids[1]]);
      });
    await Promise.all([change([1, 2]), change([2, 1])]);
    expect(attempts).toBe(3);
    expect([await valueOf(database, 1), await valueOf(database, 2)]).toEqual([2, 2]);
  });

  test('stops repeating at its deadline, with 503', async () => {
    const database = open({ statementTimeoutMs: 2_000 });
    let attempts = 0;
    const conflicting = database.transaction(async (queries) => {
      attempts += 1;
      await sleep(1_200);
      await queries.query(`do $$ begin raise exception 'conflict' using errcode = '40001'; end $$`);
    });
    await expect(conflicting).rejects.toMatchObject({
      ...unavailable,
      detail: 'Too many concurrent changes of the same data.',
    });
    expect(attempts).toBe(2);
  });

  test('is canceled and rolled back when its signal is aborted', async () => {
    const database = open({ poolMax: 1 });
    const observer = open();
    const aborting = new AbortController();
    const canceled = expect(
      database.transaction(
        async (queries) => {
          await queries.query('insert into counters values (1, 0)');
          await queries.query('select pg_sleep(20)');
        },
        { signal: aborting.signal },
      ),
    ).rejects.toThrow('abort');
    await untilRunning(observer, 'pg_sleep(20)');
    aborting.abort();
    await canceled;
    expect(await valueOf(database, 1)).toBeUndefined();
  });

  test('runs no further statement when its signal has been aborted', async () => {
    const database = open({ poolMax: 1 });
    const aborting = new AbortController();
    await expect(
      database.transaction(
        async (queries) => {
          aborting.abort();
          await queries.query('insert into counters values (1, 0)');
        },
        { signal: aborting.signal },
      ),
    ).rejects.toThrow('abort');
    expect(await valueOf(database, 1)).toBeUndefined();
  });
});

describe('a stream', () => {
  test('reads all rows in batches', async () => {
    const database = open({ poolMax: 1 });
    const sizes: number[] = [];
    let sum = 0;
    for await (const rows of database.stream<{ n: number }>('select generate_series(1, $1::int) as n', [25], {
      batchSize: 10,
    })) {
      sizes.push(rows.length);
      for (const { n } of rows) sum += n;
    }
    expect(sizes).toEqual([10, 10, 5]);
    expect(sum).toBe(325);
    expect(database.figures).toEqual({ size: 1, idle: 1, waiting: 0 });
  });

  test('returns its connection when its consumer stops early', async () => {
    const database = open({ poolMax: 1 });
    const pid = await pidOf(database);
    for await (const rows of database.stream('select generate_series(1, 1000000)')) {
      expect(rows).toHaveLength(200);
      break;
    }
    expect(await pidOf(database)).toBe(pid);
    const { rows } = await database.query('select from pg_cursors');
    expect(rows).toEqual([]);
  });

  test('may take longer than the time limit of a statement, which bounds each batch', async () => {
    const database = open({ poolMax: 1, statementTimeoutMs: 300 });
    let count = 0;
    for await (const rows of database.stream('select generate_series(1, 4)', [], { batchSize: 1 })) {
      count += rows.length;
      await sleep(400); // a slow consumer
    }
    expect(count).toBe(4);
    const slow = database.stream('select pg_sleep(0.2) from generate_series(1, 4)', [], { batchSize: 4 });
    await expect(slow.next()).rejects.toMatchObject(unavailable);
    await database.query('select 1');
  });

  test('is canceled on the server when its signal is aborted', async () => {
    const database = open({ poolMax: 1 });
    const observer = open();
    const pid = await pidOf(database);
    const aborting = new AbortController();
    const stream = database.stream('select pg_sleep(20)', [], { signal: aborting.signal });
    const canceled = expect(stream.next()).rejects.toThrow('abort');
    await untilRunning(observer, 'fetch');
    aborting.abort();
    await canceled;
    expect(await running(observer)).toEqual([]);
    expect(await pidOf(database)).toBe(pid);
  });

  test('rejects with 503 if its connection is lost between two batches', async () => {
    const database = open({ poolMax: 1 });
    const stream = database.stream<{ pid: number }>(
      'select pg_backend_pid() as pid from generate_series(1, 9)',
      [],
      { batchSize: 2 },
    );
    const first = await stream.next();
    const [row] = first.value as { pid: number }[];
    await runElsewhere(place.url, [`select pg_terminate_backend(${row?.pid})`]);
    await until('the log line', () => (logged.length > 0 ? true : undefined));
    await expect(stream.next()).rejects.toMatchObject(unavailable);
    expect(await pidOf(database)).not.toBe(row?.pid);
  });
});
