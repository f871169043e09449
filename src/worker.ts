import cluster from 'node:cluster';
import process from 'node:process';
import { MemoryStore } from 'express-rate-limit';
import packageJson from '../package.json' with { type: 'json' };
import { createApp } from './app.ts';
import { ExitCode, type WorkerReport } from './cluster/messages.ts';
import { PrimaryHandle } from './cluster/primary-handle.ts';
import { SharedCounts } from './cluster/shared-counts.ts';
import { Standalone } from './cluster/standalone.ts';
import { sizeThreadPool, type Config } from './config.ts';
import { featureSets } from './features.ts';
import type { FeatureDependencies, FeatureSet } from './http/feature.ts';
import { InFlight } from './http/in-flight.ts';
import { RequestContext } from './http/request-context.ts';
import { HttpServer } from './http/server.ts';
import { installGuards } from './process/guards.ts';
import { Lifecycle } from './process/lifecycle.ts';
import { LogSink } from './process/log-sink.ts';
import { createLogger } from './process/logger.ts';
import { addGauge, createMetrics } from './process/metrics.ts';
import { RequestBoard } from './process/request-board.ts';
import { VitalsMonitor } from './process/vitals.ts';
import { Watchdog } from './process/watchdog.ts';

/**
 * Wires one worker: a process of the cluster, or with `WORKERS=0` the only one.
 *
 * @param offered what it offers, if not what the service does
 */
export async function runWorker(config: Config, offered: readonly FeatureSet[] = featureSets): Promise<void> {
  const clustered = cluster.isWorker;
  if (!clustered) sizeThreadPool(config);

  const sink = new LogSink({ maxWaitingBytes: config.LOG_MAX_WAITING_BYTES });
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

  new Watchdog({
    board,
    log,
    heartbeatTimeoutMs: config.HEARTBEAT_TIMEOUT_MS,
    shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS,
    clustered,
  });

  const createCounts = (limiter: string) => (clustered ? new SharedCounts(limiter) : new MemoryStore());
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
  const created = sets.map((set) => set.create(dependencies));
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
  const server = new HttpServer({ config, clustered, app, inFlight });
  addGauge(
    metrics.registry,
    'http_requests_in_flight',
    'Requests without a whole answer yet.',
    () => inFlight.size,
  );
  addGauge(metrics.registry, 'http_connections', 'Open connections.', () => server.connections);
  addGauge(
    metrics.registry,
    'http_slow_readers_cut',
    'Clients cut because they did not take their answer.',
    () => server.slowReadersCut,
  );
  addGauge(
    metrics.registry,
    'log_lines_dropped',
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
  const supervision = clustered
    ? new PrimaryHandle({ config, lifecycle, registry: metrics.registry, report })
    : new Standalone({ config, log, lifecycle, registry: metrics.registry, report });

  lifecycle.onStop('tell the supervision', ({ reason }) => supervision.stopping(reason));
  lifecycle.onStop('drain the server', (request, deadline) => server.drain(request, deadline));
  for (const set of created) lifecycle.onStop('stop the features', () => set.stop?.());
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
