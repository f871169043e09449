import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Histogram } from '@prometheus-io/client';
import packageJson from '../../package.json' with { type: 'json' };
import { configOf } from '../config/declare.ts';
import type { OpenResource, ResourceDependencies } from '../routes/resource.ts';
import { addGauge, type Metrics } from '../telemetry/metrics.ts';
import { Database } from './database.ts';
import { databaseAway, prepareSchema } from './prepare-schema.ts';
import { isUnavailable, messageOf } from './problems.ts';
import { variables } from './variables.ts';

declare module '../routes/resource.ts' {
  interface Resources {
    readonly database: Database;
  }
}

/** Between two looks at a schema that is not the expected one. */
const RETRY_MS = 1_000;

/** Brings the schema up to date and opens the pool. The worker is ready when both are usable. */
export async function open({
  config,
  log,
  metrics,
  tracing,
  replacesFailed,
  draining,
}: ResourceDependencies): Promise<OpenResource<Database>> {
  const settings = configOf(variables, config);
  const url = settings.DATABASE_URL;
  const name = `${packageJson.name} on ${hostname()}`;
  const prepare = () =>
    prepareSchema({ url, name, migrate: settings.DATABASE_MIGRATE, allowNewer: replacesFailed });
  let prepared = false;
  let logged = '';
  const notReady = (reason: string) => {
    if (reason !== logged) log.warn({ event: 'schema-not-ready', reason }, `not ready: ${reason}`);
    logged = reason; // once, not with every try
  };
  /** @returns whether the schema is the expected one */
  const tryOnce = async (): Promise<boolean> => {
    const result = await prepare();
    if ('missing' in result) {
      notReady(`\`npm run migrate\` has yet to apply ${result.missing.join(', ')}`);
      return false;
    }
    const applied = result.applied.join(', ');
    if (applied !== '') log.info({ event: 'migrated', applied: result.applied }, `applied ${applied}`);
    return true;
  };
  try {
    prepared = await tryOnce();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    if (!replacesFailed) throw databaseAway(error, url);
    notReady(messageOf(error));
  }
  if (!prepared) void keepTrying();

  /** Neither a database that is away nor a missing migration is a reason to start again. */
  async function keepTrying(): Promise<void> {
    while (!prepared && !draining.aborted) {
      await sleep(RETRY_MS, undefined, { ref: false });
      prepared = await tryOnce().catch((error: unknown) => {
        notReady(messageOf(error));
        return false;
      });
    }
  }

  const observeWait = createWaitHistogram(metrics);
  const database = new Database(
    {
      url,
      name,
      log,
      tracing,
      poolMax: settings.DATABASE_POOL_MAX,
      waitMs: settings.DATABASE_WAIT_MS,
      statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
    },
    observeWait,
  );
  addPoolGauges(metrics, database);
  return {
    value: database,
    checks: {
      async database(signal) {
        if (!prepared) throw new Error('the schema is not the expected one yet');
        await database.ping({ signal });
      },
    },
    close: () => database.close(),
  };
}

/** @returns a function that records a wait (ms) */
function createWaitHistogram({ registry }: Metrics): (ms: number) => void {
  const histogram = new Histogram({
    name: 'database_connection_wait_seconds',
    help: 'Time that statements waited for a connection of the pool.',
    buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5],
    registers: [registry],
  });
  return (ms) => histogram.observe(ms / 1000);
}

function addPoolGauges({ registry }: Metrics, database: Database): void {
  const add = (name: string, help: string, read: (figures: Database['figures']) => number) =>
    addGauge(registry, name, help, () => read(database.figures));
  add('database_connections', 'Open database connections.', ({ size }) => size);
  add('database_connections_idle', 'Open database connections that no statement uses.', ({ idle }) => idle);
  add('database_waiting', 'Statements that wait for a connection.', ({ waiting }) => waiting);
}
