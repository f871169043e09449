import process from 'node:process';
import packageJson from '../../package.json' with { type: 'json' };
import { readSettings, type Settings } from '../config/config.ts';
import type { Config } from '../config/core-variables.ts';
import { readEnvironment } from '../config/environment.ts';
import { featureVariables } from '../features.ts';
import { installGuards } from '../process/guards.ts';
import { handleSignals } from '../process/signals.ts';
import { openCounter } from '../rate-limit/open-counter.ts';
import { resourceVariables } from '../resources.ts';
import { exitCodes } from '../supervision/exit-codes.ts';
import { LocalServices } from '../supervision/local-services.ts';
import { Management } from '../supervision/management.ts';
import type { WorkerView } from '../supervision/supervision.ts';
import { startWithDestination, type LogDestination } from '../telemetry/log-destination.ts';
import { createLogger } from '../telemetry/logger.ts';
import { ClusterMetrics } from './cluster-metrics.ts';
import { countForWorkers } from './count-for-workers.ts';
import { heapOptions, memoryShare } from './memory-limits.ts';
import { Supervisor } from './supervisor.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** How long after the shutdown deadline a primary that has failed ends, even if its shutdown does not. */
const EXIT_AFTER_DEADLINE_MS = 5_000;

/** Runs the primary: it supervises the workers, counts rate-limit hits for them and serves the management port. */
export function runPrimary(config: Config, localServices = new LocalServices()): Promise<void> {
  const options = { maxWaitingBytes: config.LOG_MAX_WAITING_BYTES };
  return startWithDestination(options, (destination) => wirePrimary(config, localServices, destination));
}

async function wirePrimary(
  config: Config,
  localServices: LocalServices,
  destination: LogDestination,
): Promise<void> {
  const startedAt = performance.now();
  const log = createLogger({ config, destination, name: packageJson.name, worker: 'primary' });
  const given = `${process.execArgv.join(' ')} ${readEnvironment()['NODE_OPTIONS'] ?? ''}`;
  const supervisor = new Supervisor({
    settings: { ...readNewSettings(), config },
    log,
    readSettings: readNewSettings,
    workerOptions: heapOptions(memoryShare(config), given),
  });
  const metrics = new ClusterMetrics({
    workers: () => supervisor.workers,
    events: supervisor.events,
    log,
    destination,
  });
  const management = new Management({
    config,
    log,
    registry: metrics.registry,
    supervision: {
      get readiness() {
        return supervisor.readiness;
      },
      get token() {
        return supervisor.settings.config.MANAGEMENT_TOKEN;
      },
      workers: () => supervisor.workers.map((worker) => view(worker, supervisor)),
      events: () => [...supervisor.events.latest],
      metrics: () => metrics.collect(),
      reload: () => supervisor.reload(),
    },
  });
  const exit = async ({ code }: { readonly code: number }): Promise<void> => {
    management.close();
    await localServices.stop();
    await destination.flush();
    process.exit(code);
  };

  localServices.supervise(log);
  countForWorkers(await openCounter({ config, log, registry: metrics.registry }));
  let failed = false;
  installGuards({
    log,
    // Its state is unknown. It ends in order while it can, for whatever started it to start it again.
    onFatal(origin) {
      if (failed) return;
      failed = true;
      supervisor.events.record('primary-failed', { reason: origin });
      const end = exitCodes[origin === 'uncaught-exception' ? 'uncaughtException' : 'unhandledRejection'];
      setTimeout(() => {
        supervisor.kill();
        process.exit(end.code);
      }, config.SHUTDOWN_TIMEOUT_MS + EXIT_AFTER_DEADLINE_MS);
      void supervisor.stop(origin).then(() => exit(end));
    },
  });
  handleSignals({
    stop: (signal) => void supervisor.stop(signal).then(() => exit(exitCodes.ok)),
    kill() {
      supervisor.kill();
      void exit(exitCodes.killed);
    },
    reload: () => void supervisor.reload(),
  });
  supervisor.on('exit', (worker) => metrics.retire(worker));
  supervisor.on('gave-up', (reason) => {
    void supervisor.stop(reason).then(() => exit(exitCodes.crashLoop));
  });

  const managementAddress = await management.listen();
  const address = await supervisor.start(managementAddress).catch((error: unknown) => {
    if (supervisor.stopping) return undefined; // a shutdown was requested before it was ready
    supervisor.kill();
    throw error;
  });
  if (address === undefined) return;
  log.info(
    {
      event: 'started',
      address,
      management: managementAddress,
      workers: supervisor.workers.map(({ id, pid }) => ({ id, pid })),
      afterMs: Math.round(performance.now() - startedAt),
    },
    `${packageJson.name} is ready on ${address} (management on ${managementAddress})`,
  );
}

function readNewSettings(): Settings {
  return readSettings(readEnvironment(), { ...resourceVariables, ...featureVariables });
}

function view(worker: WorkerHandle, supervisor: Supervisor): WorkerView {
  return {
    id: worker.id,
    pid: worker.pid,
    slot: worker.slot,
    state: worker.state,
    ageS: Math.round((performance.now() - worker.forkedAt) / 1000),
    restarts: supervisor.restartsOf(worker.slot),
    silentMs: Math.round(performance.now() - worker.lastHeartbeatAt),
    ...(worker.report === undefined ? {} : { report: worker.report }),
  };
}
