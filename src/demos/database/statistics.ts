/** What the server itself counted about statements: the extension `pg_stat_statements`. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { SCHEMA } from '../kit/database/seed.ts';

/** Any number, the same in every process: one run at a time reads the statistics, or it would count others. */
const LOCK = 4_711_003;
const LOCK_POLL_MS = 20;

export interface StatementEntry {
  readonly calls: number;
  readonly plans: number;
  /** Time in which the server executed the statement (ms). */
  readonly executionMs: number;
}

export interface Statistics {
  /** The entries of statements with this text in a comment, by their id. */
  read(tag: string): Promise<Map<string, StatementEntry>>;
}

/**
 * Locks the statistics until the connection closes. Creates the extension if it may.
 *
 * @returns undefined if the server does not load the extension or does not allow it
 */
export async function createStatistics(
  client: pg.Client,
  signal: AbortSignal,
): Promise<Statistics | undefined> {
  while (!(await lock(client))) await sleep(LOCK_POLL_MS, undefined, { signal });
  try {
    await client.query(`create extension if not exists pg_stat_statements schema ${SCHEMA}`);
    const { rows } = await client.query<{ schema: string }>(
      `select extnamespace::regnamespace::text as schema from pg_extension where extname = 'pg_stat_statements'`,
    );
    const schema = rows[0]?.schema ?? SCHEMA;
    await client.query(`set pg_stat_statements.track_planning = on`);
    await client.query(`select calls from ${schema}.pg_stat_statements limit 1`);
    return { read: (tag) => read(client, schema, tag) };
  } catch (error) {
    if (error instanceof pg.DatabaseError) return undefined;
    throw error;
  }
}

async function lock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
    LOCK,
  ]);
  return rows[0]?.locked === true;
}

async function read(client: pg.Client, schema: string, tag: string): Promise<Map<string, StatementEntry>> {
  const { rows } = await client.query<{ id: string } & StatementEntry>(
    `select queryid::text as id, calls::float8, plans::float8, total_exec_time as "executionMs"
     from ${schema}.pg_stat_statements
     where dbid = (select oid from pg_database where datname = current_database()) and query like $1`,
    [`%/* ${tag} */%`],
  );
  return new Map(rows.map(({ id, ...entry }) => [id, entry]));
}
