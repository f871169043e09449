/** Databases of the real server for tests: one server for the run, and one database for each test file. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { pino } from 'pino';
import { startLocalServer } from '../../src/database/local-server.ts';
import { prepareSchema } from '../../src/database/prepare-schema.ts';
import { installBoss } from '../../src/jobs/boss.ts';
import type { OwnResource } from './resources.ts';

/** A database with the schema of the service, which is copied for each test file. */
const TEMPLATE = 'service_template';

/** No crash of the machine must be survived. */
const FAST = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off'];

export interface TestDatabase extends OwnResource {
  readonly url: string;
  /** Closes all connections and refuses new ones, or accepts them again. */
  allowConnections(allowed: boolean): Promise<void>;
}

/**
 * Starts a server for this run and sets `DATABASE_URL` to an empty database with the schema of the service; if it is set
 * already (a server of the CI), uses that server.
 *
 * @returns a function that stops the server and removes its data
 */
export async function startTestServer(): Promise<() => Promise<void>> {
  const given = process.env['DATABASE_URL'];
  const folder = await mkdtemp(join(tmpdir(), 'test-postgres-'));
  const server =
    given === undefined || given === ''
      ? await startLocalServer({ folder, maxConnections: 300, graceMs: 0, settings: FAST })
      : undefined;
  const url = server?.environment['DATABASE_URL'] ?? given ?? '';
  await query(url, [`drop database if exists ${TEMPLATE}`, `create database ${TEMPLATE}`]);
  await prepareSchema({ url: withDatabase(url, TEMPLATE), name: 'tests', migrate: true, allowNewer: false });
  await installBoss({ url: withDatabase(url, TEMPLATE), name: 'tests', log: pino({ enabled: false }) });
  process.env['DATABASE_URL'] = url;
  const database = await createTestDatabase();
  process.env['DATABASE_URL'] = database.url;
  return async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** Creates a database with the schema of the service, or an empty one. */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const server = process.env['DATABASE_URL'] ?? '';
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await query(server, [
    `create database ${name} template ${empty ? 'template0' : TEMPLATE} strategy file_copy`,
  ]);
  const url = withDatabase(server, name);
  return {
    url,
    environment: { DATABASE_URL: url },
    async countConnections() {
      const [row] = await query<{ count: number }>(server, [
        `select count(*)::integer as count from pg_stat_activity where datname = '${name}'`,
      ]);
      return row?.count ?? 0;
    },
    async allowConnections(allowed) {
      await query(server, [
        `alter database ${name} allow_connections ${allowed}`,
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and not ${allowed}`,
      ]);
    },
    async [Symbol.asyncDispose]() {
      await query(server, [`drop database ${name} with (force)`]);
    },
  };
}

/** Runs statements on a connection of their own. @returns the rows of the last one */
export async function query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
  url: string,
  statements: readonly string[],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: Row[] = [];
    for (const statement of statements) ({ rows } = await client.query<Row>(statement));
    return rows;
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  return url.replace(/\/[^/?]*(?=\?|$)/, `/${name}`);
}
