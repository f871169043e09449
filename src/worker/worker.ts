import cluster from 'node:cluster';
import inspector from 'node:inspector';
import process from 'node:process';
import packageJson from '../../package.json' with { type: 'json' };
import { createApp } from '../app.ts';
import type { Config } from '../config/core-variables.ts';
import { replacesFailedWorker, sizeThreadPool } from '../config/environment.ts';
import { featureSets } from '../features.ts';
import { InFlight } from '../http/in-flight.ts';
import { InFlightBoard } from '../http/in-flight-board.ts';
import { HttpServer } from '../http/server.ts';
import { RequestContext } from '../layers/request-context.ts';
import { installGuards } from '../process/guards.ts';
import { Lifecycle } from '../process/lifecycle.ts';
import { Readiness } from '../process/readiness.ts';
import { openCounter } from '../rate-limit/open-counter.ts';
import { LocalStore } from '../rate-limit/local-store.ts';
import { PrimaryStore } from '../rate-limit/primary-store.ts';
import type { CreateRateLimitStore } from '../rate-limit/store.ts';
import { resourceSets } from '../resources.ts';
import type { FeatureSet } from '../routes/feature.ts';
import type { ResourceSet } from '../routes/resource.ts';
import { exitCodes } from '../supervision/exit-codes.ts';
import { LocalServices } from '../supervision/local-services.ts';
import { reachable } from '../supervision/management-access.ts';
import { startWithDestination, type LogDestination } from '../telemetry/log-destination.ts';
import { createLogger } from '../telemetry/logger.ts';
import { readTerminalOptions } from '../telemetry/terminal-format.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { MetricsReader } from '../telemetry/metrics-reader.ts';
import { openTracing } from '../telemetry/open-tracing.ts';
import { VitalsMonitor } from '../telemetry/vitals-monitor.ts';
import { createFeatures, stopFeatures } from './feature-sets.ts';
import { PrimaryHandle } from './primary-handle.ts';
import { closeResources, openResources } from './resource-sets.ts';
import { Standalone } from './standalone.ts';
import type { SupervisorLink } from './supervisor-link.ts';
import { startWatchdog } from './watchdog/watchdog.ts';
import { addWorkerMetrics } from './worker-metrics.ts';

interface WorkerOptions {
  /** The features to serve; defaults to those of the service. */
  readonly features?: readonly FeatureSet[];
  /** The resources to open; defaults to those of the service. */
  readonly resources?: readonly ResourceSet[];
  /** Those of this process, if it is the only one. */
  readonly localServices?: LocalServices;
}

/** Runs one worker: a process of the cluster, or with `WORKERS=0` the only process. */
export function runWorker(config: Config, options: WorkerOptions = {}): Promise<void> {
  const logOptions = { maxWaitingBytes: config.LOG_MAX_WAITING_BYTES };
  return startWithDestination(logOptions, (destination) => wireWorker(config, options, destination));
}

async function wireWorker(
  config: Config,
  { features = featureSets, resources = resourceSets, localServices = new LocalServices() }: WorkerOptions,
  destination: LogDestination,
): Promise<void> {
  const clustered = cluster.isWorker;
  if (!clustered) sizeThreadPool(config);

  const board = new InFlightBoard();
  const inFlight = new InFlight();
  const context = new RequestContext({ board, inFlight });
  const log = createLogger({
    config,
    destination,
    name: packageJson.name,
    worker: cluster.worker?.id ?? 0,
    requestFields: context.fields,
  });
  const metrics = createMetrics();
  const tracing = await openTracing({
    config,
    log,
    spans: metrics.spans,
    name: packageJson.name,
    version: packageJson.version,
    worker: cluster.worker?.id ?? 0,
  });
  const vitals = new VitalsMonitor();
  const lifecycle = new Lifecycle({
    log,
    timeoutMs: config.SHUTDOWN_TIMEOUT_MS,
    exit: (code) => process.exit(code),
  });
  const reader = new MetricsReader({ registry: metrics.registry, log });
  const supervisor: SupervisorLink = clustered
    ? new PrimaryHandle({ config, lifecycle, metrics: reader })
    : new Standalone({ config, log, lifecycle, registry: metrics.registry, metrics: reader });
  const counter = clustered
    ? undefined
    : await openCounter({ config, log, tracing, registry: metrics.registry });
  const createRateLimitStore: CreateRateLimitStore = (limiter) =>
    counter === undefined ? new PrimaryStore(limiter) : new LocalStore(limiter, counter);

  vitals.start();
  startWatchdog({
    board,
    log,
    terminal: readTerminalOptions(config),
    heartbeatTimeoutMs: config.HEARTBEAT_TIMEOUT_MS,
    shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS,
    clustered,
  });
  localServices.supervise(log);
  const opened = await openResources(resources, {
    config,
    log,
    metrics,
    tracing,
    replacesFailed: replacesFailedWorker(),
    requestFields: context.fields,
    draining: lifecycle.draining,
  });
  const created = await createFeatures(features, {
    config,
    log,
    resources: opened.resources,
    metrics,
    tracing,
    vitals,
    clustered,
    createRateLimitStore,
    managementAddress: async () => reachable(await supervisor.managementAddress),
    draining: lifecycle.draining,
  });
  const readiness = new Readiness([...opened.all, ...created]);
  const app = createApp({
    config,
    log,
    context,
    board,
    inFlight,
    metrics,
    tracing,
    vitals,
    lifecycle,
    readiness,
    created: opened.all.some(({ servesNoFeature }) => servesNoFeature) ? [] : created,
    createRateLimitStore,
  });
  const server = new HttpServer({ config, clustered, app, inFlight, log, metrics });
  addWorkerMetrics({ metrics, inFlight, server, destination });

  lifecycle.onStop('notify the supervisor', ({ reason }) => supervisor.stopping(reason));
  lifecycle.onStop('drain the server', (request, deadline) => server.drain(request, deadline));
  lifecycle.onStop('stop the features', () => stopFeatures(created));
  lifecycle.onStop('close the resources', () => closeResources(opened.all, log));
  lifecycle.onStop('export the last spans', (_request, deadline) => tracing.close(deadline));
  lifecycle.onStop('stop the local services', () => localServices.stop());
  lifecycle.onStop('finish with the supervisor', () => supervisor.finish());
  lifecycle.onStop('flush the log', () => destination.flush());
  installGuards({
    log,
    onFatal(origin) {
      const { code } =
        origin === 'uncaught-exception' ? exitCodes.uncaughtException : exitCodes.unhandledRejection;
      void lifecycle.stop({ reason: origin, exitCode: code, keepListening: false });
    },
  });
  supervisor.start(() => ({
    state: lifecycle.state,
    failing: readiness.latest(),
    vitals: vitals.latest,
    requests: { inFlight: inFlight.size, total: inFlight.total },
    connections: server.connections,
    droppedLogLines: destination.dropped,
    debugging: inspector.url() !== undefined,
  }));

  await readiness.failing(); // the first report must be true
  const address = await server.listen();
  lifecycle.ready();
  await supervisor.ready(address);
}
