import process from 'node:process';
import { Registry } from '@prometheus-io/client';
import type { Logger } from 'pino';
import packageJson from '../../package.json' with { type: 'json' };
import type { Config } from '../config/core-variables.ts';
import { Problem } from '../http/problem.ts';
import type { Lifecycle } from '../process/lifecycle.ts';
import { handleSignals } from '../process/signals.ts';
import { exitCodes } from '../supervision/exit-codes.ts';
import { Management } from '../supervision/management.ts';
import { readinessOf, type WorkerReport, type WorkerView } from '../supervision/supervision.ts';
import type { MetricsJson, MetricsReader } from '../telemetry/metrics-reader.ts';
import type { SupervisorLink } from './supervisor-link.ts';

interface StandaloneOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly registry: Registry;
  readonly metrics: MetricsReader;
}

/** Replaces the primary with `WORKERS=0`: the management port and the signals, in the only process. */
export class Standalone implements SupervisorLink {
  readonly #options: StandaloneOptions;
  readonly #management: Management;
  readonly #listening = Promise.withResolvers<string>();
  #report: (() => WorkerReport) | undefined;

  constructor(options: StandaloneOptions) {
    this.#options = options;
    const { config, log, lifecycle, registry, metrics } = options;
    const readReport = () => this.#report?.();
    this.#management = new Management({
      config,
      log,
      registry,
      supervision: {
        get readiness() {
          const { state: status } = lifecycle;
          return status === 'ready' ? readinessOf([readReport()?.failing ?? []]) : { status, failing: [] };
        },
        token: config.MANAGEMENT_TOKEN,
        workers: () => [this.#view()],
        events: () => [],
        metrics: async () => toText(await metrics.read()),
        reload: () =>
          Promise.reject(new Problem('conflict', { detail: 'Reload needs a cluster: WORKERS is 0.' })),
      },
    });
  }

  get managementAddress(): Promise<string> {
    return this.#listening.promise;
  }

  start(report: () => WorkerReport): void {
    this.#report = report;
    const { lifecycle } = this.#options;
    handleSignals({
      stop: (signal) =>
        void lifecycle.stop({ reason: signal, exitCode: exitCodes.ok.code, keepListening: true }),
      kill: () => process.exit(exitCodes.killed.code),
    });
  }

  async ready(address: string): Promise<void> {
    const management = await this.#management.listen();
    this.#listening.resolve(management);
    this.#options.log.info(
      { event: 'started', address, management, workers: 0 },
      `${packageJson.name} is ready on ${address} (management on ${management})`,
    );
  }

  stopping(): void {
    // The readiness probe shows it.
  }

  finish(): void {
    this.#management.close();
  }

  #view(): WorkerView {
    return {
      id: 0,
      pid: process.pid,
      slot: 0,
      state: this.#options.lifecycle.state,
      ageS: Math.round(process.uptime()),
      restarts: 0,
      silentMs: 0,
      ...(this.#report === undefined ? {} : { report: this.#report() }),
    };
  }
}

/** Prometheus text of one process: each metric as it is, whatever its aggregator. */
function toText(metrics: MetricsJson): Promise<string> {
  return Registry.aggregate([metrics.map((metric) => ({ ...metric, aggregator: 'first' }))]).metrics();
}
