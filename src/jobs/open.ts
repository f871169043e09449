import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../../package.json' with { type: 'json' };
import { configOf } from '../config/declare.ts';
import { isUnavailable } from '../database/problems.ts';
import { variables as databaseVariables } from '../database/variables.ts';
import type { OpenResource, ResourceDependencies } from '../routes/resource.ts';
import { addCounter, addGauge, type Metrics } from '../telemetry/metrics.ts';
import { createBoss } from './boss.ts';
import { Jobs } from './jobs.ts';
import { variables } from './variables.ts';
import type { PgBoss } from 'pg-boss';

declare module '../routes/resource.ts' {
  interface Resources {
    readonly jobs: Jobs;
  }
}

const RETRY_MS = 1_000;
/** What a shutdown needs after the last job: to give back the rest, and to flush the log. */
const CLOSE_MARGIN_MS = 1_000;
/** Several gauges come from one statement. */
const FIGURES_MAX_AGE_MS = 1_000;

/** Starts the job queue. Whether this process also runs jobs is decided by `JOBS`. */
export async function open({
  config,
  log,
  metrics,
  tracing,
  resources: { database },
  replacesFailed,
  requestFields,
  draining,
}: ResourceDependencies): Promise<OpenResource<Jobs>> {
  const { JOBS } = configOf(variables, config);
  const { DATABASE_URL, DATABASE_MIGRATE } = configOf(databaseVariables, config);
  const runs = JOBS !== 'off';
  const boss = createBoss({
    url: DATABASE_URL,
    name: `${packageJson.name} jobs on ${hostname()}`,
    log,
    runs,
    migrate: DATABASE_MIGRATE,
  });
  const jobs = new Jobs({ boss, database, log, tracing, runs, requestFields, draining, onPrepareFailed });
  let retrying = false;
  let drainingSince = 0;
  draining.addEventListener('abort', () => (drainingSince = performance.now()), { once: true });

  await jobs.prepare().catch(onPrepareFailed);
  addMetrics(metrics, { jobs, boss, draining });
  return {
    value: jobs,
    checks: {
      jobs() {
        if (!jobs.ready) throw new Error('the job queue is not ready yet');
      },
    },
    servesNoFeature: JOBS === 'only',
    async close() {
      const elapsed = drainingSince === 0 ? 0 : performance.now() - drainingSince;
      await jobs.close(Math.max(0, config.SHUTDOWN_TIMEOUT_MS - elapsed - CLOSE_MARGIN_MS));
    },
  };

  /** If only the database is away, or its schema is yet to be created, jobs start later. */
  function onPrepareFailed(error: unknown): void {
    const isLater = !DATABASE_MIGRATE || (replacesFailed && isUnavailable(error));
    if (!isLater) throw error;
    log.warn({ event: 'jobs-delayed', err: error }, 'jobs start when the database can be used');
    if (!retrying) void keepPreparing();
  }

  async function keepPreparing(): Promise<void> {
    retrying = true;
    while (!jobs.ready && !draining.aborted) {
      await sleep(RETRY_MS, undefined, { ref: false });
      await jobs.prepare().catch(() => undefined);
    }
    retrying = false;
  }
}

interface Measured {
  readonly jobs: Jobs;
  readonly boss: PgBoss;
  readonly draining: AbortSignal;
}

function addMetrics({ registry }: Metrics, { jobs, boss, draining }: Measured): void {
  let readAt = -Infinity;
  let figures = Promise.resolve({ queued: 0, active: 0, failed: 0 });
  async function read() {
    const queues = await boss.getQueues();
    const sum = (of: (queue: (typeof queues)[number]) => number) =>
      queues.reduce((total, queue) => total + of(queue), 0);
    return {
      queued: sum(({ queuedCount }) => queuedCount),
      active: sum(({ activeCount }) => activeCount),
      failed: sum(({ failedCount }) => failedCount),
    };
  }
  function current() {
    // The last collection is after the queue has closed.
    if (!draining.aborted && performance.now() - readAt > FIGURES_MAX_AGE_MS) {
      readAt = performance.now();
      figures = read();
    }
    return figures;
  }

  // All workers read the same queues: a sum would count a job once for each of them.
  const add = (name: string, help: string, of: (now: Awaited<ReturnType<typeof read>>) => number) =>
    addGauge(registry, name, help, async () => of(await current()), 'max');
  add(
    'jobs_queued',
    'Jobs that wait for their first attempt or a retry, in all processes.',
    ({ queued }) => queued,
  );
  add('jobs_active', 'Jobs that are running, in all processes.', ({ active }) => active);
  add(
    'jobs_dead',
    'Jobs whose last attempt has failed, until they are deleted after days.',
    ({ failed }) => failed,
  );
  addCounter(registry, 'jobs_completed_total', 'Attempts that completed a job.', () => jobs.completed);
  addCounter(registry, 'jobs_failed_total', 'Attempts that failed.', () => jobs.failed);
}
