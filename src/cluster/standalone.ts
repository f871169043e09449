import process from 'node:process';
import { Registry } from '@prometheus-io/client';
import packageJson from '../../package.json' with { type: 'json' };
import type { Config } from '../config/variables.ts';
import { Problem } from '../http/problem.ts';
import type { Lifecycle } from '../process/lifecycle.ts';
import type { Logger } from '../process/logger.ts';
import type { MetricsJson, MetricsReader } from '../process/metrics-reader.ts';
import { handleSignals } from '../process/signals.ts';
import { Management } from './management.ts';
import { ExitCode, type WorkerReport } from './messages.ts';

interface StandaloneOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly metrics: MetricsReader;
  readonly report: () => WorkerReport;
}

/** What stands in for a primary with `WORKERS=0`: the management port and the signals, in the one process there is. */
export class Standalone {
  readonly #options: StandaloneOptions;
  readonly #management: Management;
  readonly #listening = Promise.withResolvers<string>();

  constructor(options: StandaloneOptions) {
    this.#options = options;
    const { config, log, lifecycle, metrics, report } = options;
    this.#management = new Management({
      config,
      log,
      supervision: {
        get ready() {
          return lifecycle.state === 'ready';
        },
        get stopping() {
          return lifecycle.state === 'draining';
        },
        workers: () => [
          {
            id: 0,
            pid: process.pid,
            slot: 0,
            state: lifecycle.state,
            ageS: Math.round(process.uptime()),
            restarts: 0,
            silentMs: 0,
            report: report(),
          },
        ],
        events: () => [],
        metrics: async () => toText(await metrics.read()),
        reload: () =>
          Promise.reject(new Problem('conflict', { detail: 'With WORKERS=0 there is nobody to take over.' })),
      },
    });
    handleSignals({
      stop: (signal) => void lifecycle.stop({ reason: signal, exitCode: ExitCode.ok, keepListening: true }),
      kill: () => process.exit(1),
    });
  }

  /** Where this process itself answers for a primary, once it listens. */
  get managementAddress(): Promise<string> {
    return this.#listening.promise;
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
    // The readiness probe says it already.
  }

  goodbye(): void {
    this.#management.close();
  }
}

/** Prometheus text of one process: with nobody to add up with, each metric is as it is, whatever its aggregator. */
function toText(metrics: MetricsJson): Promise<string> {
  return Registry.aggregate([metrics.map((metric) => ({ ...metric, aggregator: 'first' }))]).metrics();
}
