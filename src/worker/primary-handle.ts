import cluster from 'node:cluster';
import process from 'node:process';
import type { Config } from '../config/core-variables.ts';
import type { Lifecycle } from '../process/lifecycle.ts';
import { forwardSignals } from '../process/signals.ts';
import { exitCodes } from '../supervision/exit-codes.ts';
import {
  HEARTBEATS_PER_TIMEOUT,
  MAX_HEARTBEAT_INTERVAL_MS,
  pack,
  unpack,
  type FromPrimary,
  type FromWorker,
} from '../supervision/messages.ts';
import type { WorkerReport } from '../supervision/supervision.ts';
import type { MetricsReader } from '../telemetry/metrics-reader.ts';
import type { SupervisorLink } from './supervisor-link.ts';

interface PrimaryHandleOptions {
  readonly config: Pick<Config, 'HEARTBEAT_TIMEOUT_MS'>;
  readonly lifecycle: Lifecycle;
  readonly metrics: MetricsReader;
}

/** The worker's view of its primary: sends heartbeats, follows requests, and stops the worker if the primary is gone. */
export class PrimaryHandle implements SupervisorLink {
  readonly #options: PrimaryHandleOptions;
  readonly #management = Promise.withResolvers<string>();
  #report: (() => WorkerReport) | undefined;

  constructor(options: PrimaryHandleOptions) {
    this.#options = options;
  }

  get managementAddress(): Promise<string> {
    return this.#management.promise;
  }

  start(report: () => WorkerReport): void {
    this.#report = report;
    const { lifecycle, config } = this.#options;
    process.on('message', (received) => {
      const message = unpack<FromPrimary>(received);
      if (message !== undefined) this.#onMessage(message);
    });
    cluster.worker?.once('disconnect', () => {
      // Without this flag node:cluster exits at once, and requests in flight would be lost.
      if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
      void lifecycle.stop({
        reason: 'the primary is gone',
        exitCode: exitCodes.primaryGone.code,
        keepListening: false,
      });
    });
    forwardSignals((signal) => this.#send({ type: 'signal-received', signal }));
    const intervalMs = Math.min(
      config.HEARTBEAT_TIMEOUT_MS / HEARTBEATS_PER_TIMEOUT,
      MAX_HEARTBEAT_INTERVAL_MS,
    );
    setInterval(() => this.#sendHeartbeat(), intervalMs).unref();
  }

  ready(address: string): void {
    this.#sendHeartbeat();
    this.#send({ type: 'ready', address });
  }

  /** The primary starts a replacement while this worker completes its requests. */
  stopping(reason: string): void {
    this.#send({ type: 'stopping', reason });
  }

  /** Sends the final metrics: the primary keeps the totals of a worker that has exited. */
  async finish(): Promise<void> {
    const metrics = await this.#options.metrics.read();
    await new Promise<void>((resolve) => this.#send({ type: 'final-metrics', metrics }, resolve));
  }

  #onMessage(message: FromPrimary): void {
    const { lifecycle, metrics } = this.#options;
    switch (message.type) {
      case 'management-address':
        this.#management.resolve(message.managementAddress);
        return;
      case 'drain':
        void lifecycle.stop({
          reason: message.reason,
          exitCode: exitCodes.ok.code,
          keepListening: message.keepListening,
        });
        return;
      case 'metrics':
        void metrics.read().then((read) => this.#send({ type: 'metrics', id: message.id, metrics: read }));
        return;
      case 'hit-counts':
        return; // the store that asked listens for it
    }
  }

  #sendHeartbeat(): void {
    if (this.#report !== undefined) this.#send({ type: 'heartbeat', report: this.#report() });
  }

  #send(message: FromWorker, done?: () => void): void {
    if (!process.connected) {
      done?.();
      return;
    }
    // A failed send means that the primary is going; `disconnect` follows.
    process.send?.(pack(message), undefined, undefined, () => done?.());
  }
}
