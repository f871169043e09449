import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { killWorkers } from '../support/kill-workers.ts';
import { Program, root, until } from '../support/program.ts';

/** What the attempt of `jobs-program.ts` waits. */
const ATTEMPT_MS = 40;
const main = `${root}test/jobs/jobs-program.ts`;
const tables = `
  create table attempts (id integer primary key generated always as identity,
    n integer, attempt integer, pid integer, at timestamptz default clock_timestamp());
  create table effects (n integer not null)`;

/** A database with the tables of `jobs-program.ts`, and a connection to it. */
class Place implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly #client: pg.Client;

  private constructor(database: TestDatabase) {
    this.database = database;
    this.#client = new pg.Client({ connectionString: database.url });
  }

  static async create(): Promise<Place> {
    const place = new Place(await createTestDatabase());
    place.#client.on('error', () => undefined); // a test that failed may leave it open
    await place.#client.connect();
    await place.#client.query(tables);
    return place;
  }

  async read<T>(text: string, values: unknown[] = []): Promise<T[]> {
    const { rows } = await this.#client.query<{ value: T }>(text, values);
    return rows.map(({ value }) => value);
  }

  /** Without order: the effects of each job that took place. */
  effects(): Promise<number[]> {
    return this.read('select n as value from effects order by n');
  }

  start(env: Readonly<Record<string, string>>): Promise<Program> {
    return Program.start({ ...this.database.environment, ...env }, root, main);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
    await this.database[Symbol.asyncDispose]();
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('a program with JOBS=only', () => {
  test('runs the jobs of a program with JOBS=off, and serves probes and no feature', async () => {
    await using place = await Place.create();
    await using web = await place.start({ JOBS: 'off', WORKERS: '1' });
    await using runner = await place.start({ JOBS: 'only', WORKERS: '1' });
    const enqueue = { method: 'POST' };
    expect((await runner.get('/jobs?from=0&count=20', enqueue)).status).toBe(404);
    expect((await runner.get('/readyz')).status).toBe(200);
    expect((await runner.get('/livez')).status).toBe(200);
    expect((await web.get('/jobs?from=0&count=20', enqueue)).status).toBe(200);
    await until('all effects', async () => ((await place.effects()).length >= 20 ? true : undefined));
    expect(await place.effects()).toEqual(upTo(20));
    const [worker] = await runner.readyWorkers(1);
    expect(await place.read('select distinct pid as value from attempts')).toEqual([worker?.pid]);
  });
});

describe('runners that are killed', () => {
  const kills = 20;
  const jobsPerKill = 10;
  const jobs = kills * jobsPerKill;

  test(`lose no job and repeat no effect: ${jobs} jobs, ${kills} kills`, async () => {
    await using place = await Place.create();
    await using web = await place.start({ JOBS: 'off', WORKERS: '0' });
    await using runners = await place.start({ JOBS: 'only', WORKERS: '2' });

    const killed: number[] = [];
    await killWorkers(runners, { kills, workers: 2 }, async (kill) => {
      const [latest = 0] = await place.read<number>('select coalesce(max(id), 0) as value from attempts');
      const from = kill * jobsPerKill;
      const response = await web.get(`/jobs?from=${from}&count=${jobsPerKill}`, { method: 'POST' });
      expect(response.status).toBe(200);
      // The database may still run the last statement of a killed process.
      const text = 'select pid as value from attempts where id > $1 and pid <> all($2) order by id limit 1';
      const begun = async () => (await place.read<number>(text, [latest, killed]))[0];
      const pid = await until('an attempt', begun);
      killed.push(pid);
      await sleep(Math.random() * ATTEMPT_MS);
      return pid;
    });
    await until('the end of all jobs', async () => {
      const text = `select count(*)::integer as value from pgboss.job where name = 'work' and state <> 'completed'`;
      const [left] = await place.read<number>(text);
      return left === 0 ? true : undefined;
    });

    expect(await place.effects()).toEqual(upTo(jobs));
    const crashes = runners.lines.filter(({ event }) => event === 'crashed');
    expect(crashes).toHaveLength(kills);
    // Otherwise no kill has interrupted anything.
    const [attempts] = await place.read<number>('select count(*)::integer as value from attempts');
    expect(attempts).toBeGreaterThan(jobs + kills);
  }, 300_000);
});

describe('a schedule', () => {
  /** A minute that begins when both programs have started: it is noticed for 60 seconds, by a look every 30. */
  function cronOfNextMinute(): string {
    const minute = new Date(Date.now() + 80_000);
    return `${minute.getUTCMinutes()} ${minute.getUTCHours()} * * *`;
  }

  test('enqueues its job once for two programs', async () => {
    const env = {
      JOBS: 'only',
      WORKERS: '1',
      TICK_CRON: cronOfNextMinute(),
    };
    await using place = await Place.create();
    const [first, second] = await Promise.all([place.start(env), place.start(env)]);
    await using _first = first;
    await using _second = second;
    const effects = async () => ((await place.effects()).length > 0 ? true : undefined);
    await until('the scheduled job', effects, 150_000);
    await sleep(32_000); // each program looks every 30 seconds
    expect(await place.effects()).toEqual([0]);
  }, 240_000);
});
