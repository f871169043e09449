import type { WorkerReport } from '../supervision/supervision.ts';

/** What supervises a worker, as the worker sees it: its primary, or the same process when there is no cluster. */
export interface SupervisorLink {
  /** Resolves with the URL of the management port once it listens. */
  readonly managementAddress: Promise<string>;
  /** Begins to listen for signals and requests from outside. */
  start(report: () => WorkerReport): void;
  /** @param address the URL that the worker listens on */
  ready(address: string): Promise<void> | void;
  /** The worker begins to shut down. */
  stopping(reason: string): void;
  /** The last call before the worker exits. */
  finish(): Promise<void> | void;
}
