/** The schema of the service as SQL files, each of which is applied once. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClientBase } from 'pg';
import { DatabaseError } from 'pg';
import { exitCodes } from '../supervision/exit-codes.ts';
import { StartError } from '../supervision/start-failure.ts';
import { isUnavailable, messageOf } from './problems.ts';

export interface Migration {
  /** The name of its file, without `.sql`. They are applied in the order of their names. */
  readonly name: string;
  readonly sql: string;
  readonly hash: string;
}

/** How the schema of a database compares with the files. */
export interface SchemaState {
  readonly pending: readonly Migration[];
  /** Applied, and its file has changed since. */
  readonly changed: readonly string[];
  /** Applied, and unknown to this version of the service. */
  readonly unknown: readonly string[];
}

interface Applied {
  readonly name: string;
  readonly hash: string;
}

const folder = fileURLToPath(new URL('./migrations/', import.meta.url));

/** Any number, the same in every process that applies migrations. */
const LOCK = 4_711_001;
/**
 * A migration that waits for a table makes everyone after it wait for that table, too; so it gives up early.
 * https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT
 */
const LOCK_TIMEOUT = '5s';
const UNDEFINED_TABLE = '42P01';

/** The migrations of this version. */
export function readMigrations(from = folder): readonly Migration[] {
  if (!existsSync(from)) return []; // git keeps no empty folder
  return readdirSync(from)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) => {
      const sql = readFileSync(`${from}/${file}`, 'utf8');
      return { name: file.slice(0, -4), sql, hash: createHash('sha256').update(sql).digest('hex') };
    });
}

export async function compareSchema(
  client: ClientBase,
  migrations: readonly Migration[],
): Promise<SchemaState> {
  const applied = await readApplied(client);
  const byName = new Map(applied.map(({ name, hash }) => [name, hash]));
  const known = new Set(migrations.map(({ name }) => name));
  return {
    pending: migrations.filter(({ name }) => !byName.has(name)),
    changed: migrations
      .filter(({ name, hash }) => byName.has(name) && byName.get(name) !== hash)
      .map(({ name }) => name),
    unknown: applied.filter(({ name }) => !known.has(name)).map(({ name }) => name),
  };
}

/**
 * Applies what is pending, one transaction for each file. Several processes may do this at once: one applies a file, the
 * others wait for it. `create index concurrently` cannot run in a transaction, so it cannot be in a file.
 *
 * @returns the names of those that this call has applied
 * @throws {StartError} if one fails; those before it stay
 */
export async function applyMigrations(
  client: ClientBase,
  pending: readonly Migration[],
): Promise<readonly string[]> {
  const applied: string[] = [];
  for (const { name, sql, hash } of pending) {
    await client.query('begin');
    try {
      await client.query('select pg_advisory_xact_lock($1)', [LOCK]); // others wait here
      await client.query(`
        create table if not exists migrations (
          name text primary key,
          hash text not null,
          applied_at timestamptz not null default now()
        )`);
      const { rowCount } = await client.query('select from migrations where name = $1', [name]);
      if (rowCount === 0) {
        await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'; set local statement_timeout = 0`);
        await client.query(sql);
        await client.query('insert into migrations (name, hash) values ($1, $2)', [name, hash]);
        applied.push(name);
      }
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => undefined); // the server does, if the connection was lost
      if (isUnavailable(error)) throw error;
      throw new StartError({
        reason: `The migration ${name} failed, and nothing of it was applied: ${messageOf(error)}`,
        exitCode: exitCodes.startFailed.code,
      });
    }
  }
  return applied;
}

async function readApplied(client: ClientBase): Promise<readonly Applied[]> {
  try {
    return (await client.query<Applied>('select name, hash from migrations order by name')).rows;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === UNDEFINED_TABLE) return [];
    throw error;
  }
}
