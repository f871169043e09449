import pg from 'pg';
import { exitCodes } from '../supervision/exit-codes.ts';
import { StartError } from '../supervision/start-failure.ts';
import { applyMigrations, compareSchema, readMigrations, type Migration } from './migrations.ts';
import { isUnavailable, messageOf } from './problems.ts';

interface PrepareOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  /** Whether to apply the migrations that are missing. */
  readonly migrate: boolean;
  /** Whether a schema of a newer version of the service is accepted. */
  readonly allowNewer: boolean;
  /** Defaults to those of the service. */
  readonly migrations?: readonly Migration[];
}

/** What was applied, or what is missing and may not be applied. */
export type SchemaResult = { readonly applied: readonly string[] } | { readonly missing: readonly string[] };

const OLDEST_SERVER = 15;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connects, checks the server, and brings the schema up to date.
 *
 * @throws {StartError} if the configuration or the schema is wrong, which waiting does not change
 */
export async function prepareSchema(options: PrepareOptions): Promise<SchemaResult> {
  const client = await connect(options);
  try {
    const { rows } = await client.query<{ version: string }>(
      `select current_setting('server_version') as version`,
    );
    checkVersion(rows[0]?.version ?? '');
    return await update(client, options);
  } finally {
    await client.end();
  }
}

/** Makes an error that the database is away into the failure of a start. */
export function databaseAway(error: unknown, url: string): StartError {
  return new StartError({
    reason: `The database at ${placeOf(url)} is not available: ${messageOf(error)}. Start it, or correct DATABASE_URL.`,
    exitCode: exitCodes.unavailable.code,
  });
}

/**
 * @param version as the server reports it, for example `15.20 (Debian 15.20-0+deb12u1)`
 * @throws {StartError} if it is too old
 */
export function checkVersion(version: string): void {
  if (Number.parseInt(version, 10) >= OLDEST_SERVER) return;
  throw wrong(
    `The database runs PostgreSQL ${version}; this service needs ${OLDEST_SERVER} or newer. Upgrade it, or correct DATABASE_URL.`,
  );
}

async function connect({ url, name }: PrepareOptions): Promise<pg.Client> {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('error', () => undefined); // the statement that is running rejects with it
    await client.connect();
    return client;
  } catch (error) {
    void client?.end();
    if (isUnavailable(error)) throw error;
    const place = client === undefined ? 'of DATABASE_URL' : `at ${placeOf(url)}`;
    throw wrong(
      `The database ${place} cannot be used: ${messageOf(error)}. Correct DATABASE_URL, or the database.`,
    );
  }
}

async function update(
  client: pg.Client,
  { migrate, allowNewer, migrations = readMigrations() }: PrepareOptions,
): Promise<SchemaResult> {
  const { pending, changed, unknown } = await compareSchema(client, migrations);
  if (changed.length > 0) {
    throw wrong(
      `The database has an earlier version of ${changed.join(', ')}. Restore the file: a migration that has been applied must not change. Add another one instead.`,
    );
  }
  if (unknown.length > 0 && !allowNewer) {
    throw wrong(
      `The database has ${unknown.join(', ')}, which this version of the service does not know. Start the version that added it.`,
    );
  }
  if (pending.length > 0 && !migrate) return { missing: pending.map(({ name }) => name) };
  return { applied: await applyMigrations(client, pending) };
}

function wrong(reason: string): StartError {
  return new StartError({ reason, exitCode: exitCodes.badConfig.code });
}

/** Host and database, without the password. */
function placeOf(url: string): string {
  const { host, port, database } = new pg.Client({ connectionString: url });
  return `${host}:${port}/${database ?? ''}`;
}
