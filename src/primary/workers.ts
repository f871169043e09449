import type { Settings } from '../config/config.ts';
import { REPLACES_FAILED } from '../config/environment.ts';
import type { EventLog } from './event-log.ts';
import { WorkerHandle, type Exit } from './worker-handle.ts';

interface WorkersOptions {
  readonly settings: Settings;
  readonly events: EventLog;
  /** Called with every new worker before it can have done anything. */
  readonly onForked: (worker: WorkerHandle) => void;
}

interface ForkOptions {
  /** Whether to log only at debug level. */
  readonly quiet?: boolean;
  /** Whether it replaces a worker that failed. */
  readonly replacesFailed?: boolean;
}

/** How long after its own shutdown deadline a worker is killed: each of its stop tasks may overrun by half a second. */
const KILL_AFTER_DEADLINE_MS = 2_500;

/** The current workers: forks them and records their start and exit. */
export class Workers {
  /** What new workers start with; a reload replaces it. */
  settings: Settings;
  /** The port of all workers; with `PORT=0` it is chosen at startup and kept. */
  port: number;
  /** Passed to every worker; known once the management port listens. */
  managementAddress = '';
  /** Why the last worker could not start, unless one has started since. */
  lastFailure: string | undefined;
  readonly #host: string;
  readonly #options: WorkersOptions;
  readonly #all = new Set<WorkerHandle>();

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.port = options.settings.config.PORT;
    this.#host = options.settings.config.HOST;
  }

  get all(): readonly WorkerHandle[] {
    return [...this.#all];
  }

  get inService(): readonly WorkerHandle[] {
    return this.all.filter((worker) => worker.state === 'ready');
  }

  /**
   * @throws if the system cannot create a process, for example for lack of memory
   */
  fork(slot: number, { quiet = false, replacesFailed = false }: ForkOptions = {}): WorkerHandle {
    const { events, onForked } = this.#options;
    const { config, environment } = this.settings;
    const failure = (error: unknown) => {
      this.lastFailure = error instanceof Error ? error.message : String(error);
      return { reason: this.lastFailure };
    };
    let worker: WorkerHandle;
    try {
      worker = WorkerHandle.fork({
        slot,
        environment: {
          ...environment,
          UV_THREADPOOL_SIZE: String(config.THREAD_POOL_SIZE),
          HOST: this.#host,
          PORT: String(this.port),
          [REPLACES_FAILED]: replacesFailed ? 'on' : 'off',
        },
        startTimeoutMs: config.WORKER_START_TIMEOUT_MS,
        heartbeatTimeoutMs: config.HEARTBEAT_TIMEOUT_MS,
        stopTimeoutMs: config.SHUTDOWN_TIMEOUT_MS + KILL_AFTER_DEADLINE_MS,
        managementAddress: this.managementAddress,
      });
    } catch (error) {
      events.record('start-failed', { slot, ...failure(error) }, quiet);
      throw error;
    }
    this.#all.add(worker);
    worker.once('exit', (exit) => this.#remove(worker, exit));
    events.record('forked', identifyWorker(worker), quiet);
    worker.ready.then(
      () => {
        this.lastFailure = undefined;
        const afterMs = Math.round(performance.now() - worker.forkedAt);
        events.record('ready', { ...identifyWorker(worker), afterMs }, quiet);
      },
      (error: unknown) =>
        events.record('start-failed', { ...identifyWorker(worker), ...failure(error) }, quiet),
    );
    onForked(worker);
    return worker;
  }

  kill(): void {
    for (const worker of this.#all) worker.kill();
  }

  #remove(worker: WorkerHandle, { code, signal }: Exit): void {
    this.#all.delete(worker);
    this.#options.events.record(worker.exitedCleanly ? 'ended' : 'crashed', {
      ...identifyWorker(worker),
      code,
      signal,
      ...(worker.stopReason === undefined ? {} : { reason: worker.stopReason }),
    });
  }
}

/** The fields by which an event names a worker. */
export function identifyWorker(worker: WorkerHandle) {
  return { worker: worker.id, workerPid: worker.pid, slot: worker.slot };
}
