import { join } from 'node:path';
import type { Config } from '../config/core-variables.ts';
import { configOf } from '../config/declare.ts';
import type { LocalService } from '../supervision/local-services.ts';
import { startLocalServer } from './local-server.ts';
import { variables } from './variables.ts';

/** Connections for tools, and for the server itself. */
const SPARE_CONNECTIONS = 20;
/** Connections of one worker besides its pool: listeners, migrations, jobs and others. */
const EXTRA_CONNECTIONS = 30;

/** Without `DATABASE_URL`, starts a PostgreSQL server with its data in `.data/postgres/<PORT>`. */
export async function startLocal(config: Config): Promise<LocalService | undefined> {
  const { DATABASE_URL, DATABASE_POOL_MAX } = configOf(variables, config);
  if (DATABASE_URL !== '') return undefined;
  const workers = 2 * Math.max(1, config.WORKERS); // a reload has two workers in each slot for a moment
  return startLocalServer({
    folder: join('.data/postgres', String(config.PORT)),
    maxConnections: workers * (DATABASE_POOL_MAX + EXTRA_CONNECTIONS) + SPARE_CONNECTIONS,
    graceMs: config.SHUTDOWN_TIMEOUT_MS,
  });
}
