import process from 'node:process';
import packageJson from '../../package.json' with { type: 'json' };
import { readEnvironment } from '../config.ts';
import { readSettings, type Settings } from '../config/read.ts';
import type { Config } from '../config/variables.ts';
import { featureVariables } from '../features.ts';
import { installGuards } from '../process/guards.ts';
import { startWithSink, type LogSink } from '../process/log-sink.ts';
import { createLogger } from '../process/logger.ts';
import { handleSignals } from '../process/signals.ts';
import { ClusterMetrics } from './cluster-metrics.ts';
import { Management, type WorkerView } from './management.ts';
import { ExitCode } from './messages.ts';
import { countForWorkers } from './rate-limit-counts.ts';
import { Supervisor } from './supervisor.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** Runs the primary: it keeps the workers alive, counts for them, and answers on the management port. */
export function runPrimary(config: Config): Promise<void> {
  const options = { maxWaitingBytes: config.LOG_MAX_WAITING_BYTES };
  return startWithSink(options, (sink) => wirePrimary(config, sink));
}

async function wirePrimary(config: Config, sink: LogSink): Promise<void> {
  const startedAt = performance.now();
  const log = await createLogger({ config, sink, name: packageJson.name, worker: 'primary' });

  const exit = async (code: number): Promise<void> => {
    await sink.flush();
    process.exit(code);
  };
  const supervisor = new Supervisor({
    settings: { ...readNewSettings(), config },
    log,
    readSettings: readNewSettings,
    managementAddress: (): string => management.address,
    onGone: (worker) => metrics.retire(worker),
    onGiveUp: (reason) => {
      log.fatal({ event: 'gave-up', reason }, `giving up: ${reason}`);
      void supervisor.stop(reason).then(() => exit(ExitCode.crashLoop));
    },
  });
  const metrics = new ClusterMetrics({ workers: () => supervisor.workers, events: supervisor.events, log });
  const management = new Management({
    config,
    log,
    supervision: {
      get ready() {
        return supervisor.ready;
      },
      get stopping() {
        return supervisor.stopping;
      },
      workers: () => supervisor.workers.map((worker) => view(worker, supervisor)),
      events: () => supervisor.events.latest,
      metrics: () => metrics.collect(),
      reload: () => supervisor.reload(),
    },
  });

  countForWorkers();
  // The primary holds no request. An error here is a defect, but ending would take the service down with it.
  installGuards({ log, onFatal: () => undefined });
  handleSignals({
    stop: (signal) =>
      void supervisor.stop(signal).then(() => {
        management.close();
        return exit(ExitCode.ok);
      }),
    kill: () => {
      supervisor.kill();
      void exit(1);
    },
    reload: () => void supervisor.reload(),
  });

  const managementAddress = await management.listen();
  const address = await supervisor.start().catch((error: unknown) => {
    if (supervisor.stopping) return undefined; // it was asked to stop before it was ready
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
  return readSettings(readEnvironment(), featureVariables);
}

function view(worker: WorkerHandle, supervisor: Supervisor): WorkerView {
  return {
    id: worker.id,
    pid: worker.pid,
    slot: worker.slot,
    state: worker.state,
    ageS: Math.round((performance.now() - worker.forkedAt) / 1000),
    restarts: supervisor.restartsOf(worker.slot),
    silentMs: Math.round(performance.now() - worker.heardAt),
    ...(worker.report === undefined ? {} : { report: worker.report }),
  };
}
