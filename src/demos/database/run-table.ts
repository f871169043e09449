/** Tables that belong to one run of a demo, so that runs at the same time do not change each other's rows. */
import { randomBytes } from 'node:crypto';
import type { Client, ClientBase } from 'pg';
import type { DemoResources } from '../kit/resources/resources.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { SCHEMA } from '../kit/database/seed.ts';

/** What a killed worker left behind is older than any run. */
const MAX_AGE_S = 300;
/** Connections that were just closed may hold a lock for a moment. */
const DROP_TIMEOUT_MS = 3_000;

interface RunTableOptions {
  /** Creates the table, with its rows. */
  readonly create: (table: string) => string;
  /** How many connections the work gets. */
  readonly clients: number;
  readonly signal: AbortSignal;
}

/** Runs `work` with connections of its own and the name of a new table, which is dropped afterwards. */
export async function withRunTable<T>(
  resources: DemoResources,
  { create, clients: count, signal }: RunTableOptions,
  work: (table: string, ...clients: [Client, ...Client[]]) => Promise<T>,
): Promise<T> {
  const database = scratchDatabaseOf(resources);
  return database.withClients(count + 1, signal, async (owner, ...clients) => {
    const seconds = Math.floor(Date.now() / 1000);
    const table = `run_${seconds}_${randomBytes(4).toString('hex')}`;
    await owner.query(`set lock_timeout = ${DROP_TIMEOUT_MS}`);
    await dropOld(owner, seconds - MAX_AGE_S);
    await owner.query(create(table));
    try {
      return await work(table, ...(clients as [Client, ...Client[]]));
    } finally {
      await Promise.all(clients.map((client) => client.end())); // what they have locked is free
      // If the request was aborted the owner is closed, too: a later run drops the table.
      if (!signal.aborted) await owner.query(`drop table if exists ${table}`);
    }
  });
}

async function dropOld(owner: ClientBase, before: number): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(
    `select tablename as name from pg_tables
     where schemaname = $1 and tablename ~ '^run_\\d+_' and split_part(tablename, '_', 2)::bigint < $2`,
    [SCHEMA, before],
  );
  for (const { name } of rows) await owner.query(`drop table if exists ${name}`);
}
