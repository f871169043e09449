/** pg-boss, which keeps the queues in the service's own database, and its settings. */
import { PgBoss, type Queue, type WorkOptions } from 'pg-boss';
import type { Logger } from 'pino';
import type { Job } from './job.ts';

interface BossOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  readonly log: Logger;
  /** Whether it runs jobs, and what keeps them running: supervision, schedules, a listener. */
  readonly runs: boolean;
  /** Whether it may create or migrate its own schema. */
  readonly migrate: boolean;
}

/** Fetching, heartbeats and supervision; what handlers use comes from the pool of the service. */
const POOL_MAX = 3;
const CONNECT_TIMEOUT_MS = 5_000;
/** A job whose process is killed waits for this long (s), the shortest that pg-boss has, before another one takes it. */
const HEARTBEAT_S = 10;
const HEARTBEAT_REFRESH_S = 3;
/** How soon missed heartbeats are noticed (s). One process at a time looks. */
const SUPERVISE_S = 1;
/** Retries are not announced, so this bounds how late they begin (s). */
const POLL_S = 0.5;

/** Creates pg-boss without starting it. Its errors are logged: a queue that fails must not end the process. */
export function createBoss({ url, name, log, runs, migrate }: BossOptions): PgBoss {
  const boss = new PgBoss({
    connectionString: url,
    application_name: name,
    max: POOL_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    migrate,
    supervise: runs,
    schedule: runs,
    useListenNotify: runs,
    superviseIntervalSeconds: SUPERVISE_S,
    monitorIntervalSeconds: SUPERVISE_S,
    registerInstance: false,
    openTelemetry: { enabled: false },
  });
  boss.on('error', (err) => {
    log.warn({ event: 'jobs-error', err }, `the job queue had an error: ${err.message}`);
  });
  boss.on('warning', ({ message, data }) => {
    log.warn({ event: 'jobs-warning', data: data }, message);
  });
  return boss;
}

/** Creates or migrates the schema of pg-boss. Several processes may do this at once. */
export async function installBoss(options: Pick<BossOptions, 'url' | 'name' | 'log'>): Promise<void> {
  const boss = createBoss({ ...options, runs: false, migrate: true });
  try {
    await boss.start();
  } finally {
    await boss.stop({ graceful: false });
  }
}

export function queueOptions({ retry = {}, expireS = 60, deadLetter }: Job): Omit<Queue, 'name'> {
  return {
    retryLimit: retry.limit ?? 10,
    retryDelay: retry.delayS ?? 1,
    retryBackoff: true,
    retryDelayMax: retry.maxDelayS ?? 3_600,
    expireInSeconds: expireS,
    heartbeatSeconds: HEARTBEAT_S,
    notify: true,
    ...(deadLetter === undefined ? {} : { deadLetter: deadLetter.name }),
  };
}

/** Without a burst a process would sleep after each batch, even if more jobs wait. */
export function workOptions({ concurrency = 5 }: Job) {
  return {
    batchSize: concurrency,
    burstWhenBatchFull: true,
    burstWhenReadyExceeds: 1,
    pollingIntervalSeconds: POLL_S,
    notifyPollingIntervalSeconds: POLL_S,
    heartbeatRefreshSeconds: HEARTBEAT_REFRESH_S,
    perJobResults: true,
  } as const satisfies WorkOptions;
}
