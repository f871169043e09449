import cluster from 'node:cluster';
import process from 'node:process';
import type { Config } from '../config/variables.ts';
import type { Lifecycle } from '../process/lifecycle.ts';
import type { MetricsReader } from '../process/metrics-reader.ts';
import {
  ExitCode,
  HEARTBEATS_PER_TIMEOUT,
  pack,
  SLOWEST_HEARTBEAT_MS,
  unpack,
  type FromPrimary,
  type FromWorker,
  type WorkerReport,
} from './messages.ts';

interface PrimaryHandleOptions {
  readonly config: Pick<Config, 'HEARTBEAT_TIMEOUT_MS'>;
  readonly lifecycle: Lifecycle;
  readonly metrics: MetricsReader;
  readonly report: () => WorkerReport;
}

/** The worker's view of its primary: what it tells it, and what it does when asked, or when the primary is gone. */
export class PrimaryHandle {
  readonly #options: PrimaryHandleOptions;
  readonly #management = Promise.withResolvers<string>();

  constructor(options: PrimaryHandleOptions) {
    this.#options = options;
    const { lifecycle, config } = options;

    process.on('message', (received) => {
      const message = unpack<FromPrimary>(received);
      if (message !== undefined) this.#obey(message);
    });
    cluster.worker?.once('disconnect', () => {
      // Without this mark node:cluster exits at once, and requests that could be finished would be lost.
      if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
      void lifecycle.stop({
        reason: 'the primary is gone',
        exitCode: ExitCode.primaryGone,
        keepListening: false,
      });
    });
    // A signal to one worker, or to all of the process group: whether it means this worker or the whole service only
    // the primary can tell, so it decides.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => this.#send({ type: 'signalled', signal }));
    }

    const everyMs = Math.min(config.HEARTBEAT_TIMEOUT_MS / HEARTBEATS_PER_TIMEOUT, SLOWEST_HEARTBEAT_MS);
    setInterval(() => this.#send({ type: 'heartbeat', report: options.report() }), everyMs).unref();
  }

  /** Where the primary listens; it says so as soon as this worker is ready. */
  get managementAddress(): Promise<string> {
    return this.#management.promise;
  }

  ready(address: string): void {
    this.#send({ type: 'heartbeat', report: this.#options.report() });
    this.#send({ type: 'ready', address });
  }

  /** So that a replacement is on its way while this worker finishes what it has. */
  stopping(reason: string): void {
    this.#send({ type: 'stopping', reason });
  }

  /** The last message: the sums of this worker, which the primary goes on counting. */
  async goodbye(): Promise<void> {
    const metrics = await this.#options.metrics.read();
    await new Promise<void>((resolve) => this.#send({ type: 'goodbye', metrics }, resolve));
  }

  #obey(message: FromPrimary): void {
    const { lifecycle } = this.#options;
    switch (message.type) {
      case 'welcome':
        this.#management.resolve(message.managementAddress);
        return;
      case 'drain':
        void lifecycle.stop({
          reason: message.reason,
          exitCode: ExitCode.ok,
          keepListening: message.keepListening,
        });
        return;
      case 'metrics':
        void this.#options.metrics.read().then((metrics) => {
          this.#send({ type: 'metrics', id: message.id, metrics });
        });
        return;
      case 'counted':
        return; // the limiter that asked listens
    }
  }

  #send(message: FromWorker, done?: () => void): void {
    if (!process.connected) {
      done?.();
      return;
    }
    // A failed send means that the primary is going; `disconnect` follows and deals with it.
    process.send?.(pack(message), undefined, undefined, () => done?.());
  }
}
