import cluster from 'node:cluster';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../package.json' with { type: 'json' };
import { createApp } from './app.ts';
import { ExitCode, type WorkerReport } from './cluster/messages.ts';
import { LocalCounts } from './cluster/local-counts.ts';
import { PrimaryHandle } from './cluster/primary-handle.ts';
import { RateLimitCounts } from './cluster/rate-limit-counts.ts';
import { SharedCounts } from './cluster/shared-counts.ts';
import { Standalone } from './cluster/standalone.ts';
import { sizeThreadPool } from './config.ts';
import type { Config } from './config/variables.ts';
import { featureSets } from './features.ts';
import type { CreatedFeatures, FeatureDependencies, FeatureModule, FeatureSet } from './http/feature.ts';
import { InFlight } from './http/in-flight.ts';
import { RequestContext } from './http/request-context.ts';
import { HttpServer } from './http/server.ts';
import { installGuards } from './process/guards.ts';
import { Lifecycle } from './process/lifecycle.ts';
import { startWithSink, type LogSink } from './process/log-sink.ts';
import { createLogger } from './process/logger.ts';
import { addCounter, addGauge, createMetrics } from './process/metrics.ts';
import { MetricsReader } from './process/metrics-reader.ts';
import { RequestBoard } from './process/request-board.ts';
import { VitalsMonitor } from './process/vitals.ts';
import { startWatchdog } from './process/watchdog.ts';

/**
 * Runs one worker: a process of the cluster, or with `WORKERS=0` the only one.
 *
 * @param offered what it offers, if not what the service does
 */
export function runWorker(config: Config, offered: readonly FeatureSet[] = featureSets): Promise<void> {
  const options = { maxWaitingBytes: config.LOG_MAX_WAITING_BYTES };
  return startWithSink(options, (sink) => wireWorker(config, offered, sink));
}

async function wireWorker(config: Config, offered: readonly FeatureSet[], sink: LogSink): Promise<void> {
  const clustered = cluster.isWorker;
  if (!clustered) sizeThreadPool(config);

  const board = new RequestBoard();
  const inFlight = new InFlight();
  const context = new RequestContext({ board, inFlight });
  const log = await createLogger({
    config,
    sink,
    name: packageJson.name,
    worker: cluster.worker?.id ?? 0,
    requestFields: context.fields,
  });
  const metrics = createMetrics();
  const vitals = new VitalsMonitor();
  const lifecycle = new Lifecycle({
    log,
    timeoutMs: config.SHUTDOWN_TIMEOUT_MS,
    exit: (code) => process.exit(code),
  });

  startWatchdog({
    board,
    log,
    heartbeatTimeoutMs: config.HEARTBEAT_TIMEOUT_MS,
    shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS,
    clustered,
  });

  const ownCounts = new RateLimitCounts();
  const createCounts = (limiter: string) =>
    clustered ? new SharedCounts(limiter) : new LocalCounts(limiter, ownCounts);
  const sets = await Promise.all(offered.map((set) => set.load()));
  const dependencies: FeatureDependencies = {
    config,
    log,
    metrics,
    vitals,
    clustered,
    createCounts,
    managementAddress: () => supervision.managementAddress,
    draining: lifecycle.draining,
  };
  const created = await createAll(sets, dependencies);
  const app = createApp({
    config,
    log,
    context,
    board,
    inFlight,
    metrics,
    vitals,
    lifecycle,
    created,
    createCounts,
  });
  const server = new HttpServer({ config, clustered, app, inFlight, log, metrics });
  addGauge(
    metrics.registry,
    'http_requests_in_flight',
    'Requests without a whole answer yet.',
    () => inFlight.size,
  );
  addGauge(metrics.registry, 'http_connections', 'Open connections.', () => server.connections);
  addCounter(
    metrics.registry,
    'http_slow_readers_cut_total',
    'Clients cut because they did not take their answer.',
    () => server.slowReadersCut,
  );
  addCounter(
    metrics.registry,
    'log_lines_dropped_total',
    'Log lines lost to a stalled or closed sink.',
    () => sink.dropped,
  );

  const report = (): WorkerReport => ({
    state: lifecycle.state,
    vitals: vitals.latest,
    requests: { inFlight: inFlight.size, total: inFlight.total },
    connections: server.connections,
    droppedLogLines: sink.dropped,
  });
  const reader = new MetricsReader({ registry: metrics.registry, log });
  const supervision = clustered
    ? new PrimaryHandle({ config, lifecycle, metrics: reader, report })
    : new Standalone({ config, log, lifecycle, metrics: reader, report });

  lifecycle.onStop('tell the supervision', ({ reason }) => supervision.stopping(reason));
  lifecycle.onStop('drain the server', (request, deadline) => server.drain(request, deadline));
  lifecycle.onStop('stop the features', () => stopAll(created));
  lifecycle.onStop('say goodbye', () => supervision.goodbye());
  lifecycle.onStop('flush the log', () => sink.flush());
  installGuards({
    log,
    onFatal: (origin) => {
      const exitCode =
        origin === 'uncaught-exception' ? ExitCode.uncaughtException : ExitCode.unhandledRejection;
      void lifecycle.stop({ reason: origin, exitCode, keepListening: false });
    },
  });

  const address = await server.listen();
  lifecycle.ready();
  await supervision.ready(address);
}

/** One after the other. Where one fails, those before it are stopped, so that nothing is left open behind this worker. */
async function createAll(
  sets: readonly FeatureModule[],
  dependencies: FeatureDependencies,
): Promise<CreatedFeatures[]> {
  const { config, log } = dependencies;
  const created: CreatedFeatures[] = [];
  try {
    for (const set of sets) created.push(await set.create(dependencies));
    return created;
  } catch (error) {
    await Promise.race([stopAll(created), sleep(config.SHUTDOWN_TIMEOUT_MS)]).catch((err: unknown) => {
      log.error({ err }, 'what had been created could not be stopped');
    });
    throw error;
  }
}

/** All at once: what one overruns is not taken from the time of the others. */
async function stopAll(created: readonly CreatedFeatures[]): Promise<void> {
  const stopped = await Promise.allSettled(created.map(async (set) => set.stop?.()));
  const errors = stopped.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  if (errors.length > 0) throw new AggregateError(errors, 'features could not stop');
}
