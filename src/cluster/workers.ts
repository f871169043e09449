import type { Settings } from '../config/read.ts';
import type { EventLog } from './events.ts';
import type { Exit } from './worker-handle.ts';
import { WorkerHandle } from './worker-handle.ts';

interface WorkersOptions {
  readonly settings: Settings;
  readonly events: EventLog;
  /** Where the primary really listens; workers are told. */
  readonly managementAddress: () => string;
  /** Called with every new worker, before it can have done anything. */
  readonly onForked: (worker: WorkerHandle) => void;
}

/** What a worker may need beyond its own deadline before it is killed: each step of its stop has half a second more. */
const KILL_AFTER_DEADLINE_MS = 2_500;

/** The workers there are: forks them, and records their start and their end. */
export class Workers {
  /** What they are started with; a reload changes it. */
  settings: Settings;
  /** One for all, also where any free one will do, and the same after a reload or a moment without a worker. */
  port: number;
  readonly #host: string;
  /** Why one could not start, if none has since. */
  lastFailure: string | undefined;
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
   * @param quiet whether the log says so only at the debug level
   * @throws where the system has no memory for another process, say
   */
  fork(slot: number, quiet = false): WorkerHandle {
    const { events, managementAddress, onForked } = this.#options;
    const { config, environment } = this.settings;
    const failed = (worker: object, error: unknown) => {
      this.lastFailure = error instanceof Error ? error.message : String(error);
      events.record('start-failed', { ...worker, reason: this.lastFailure }, quiet);
    };
    let worker: WorkerHandle;
    try {
      worker = new WorkerHandle({
        slot,
        environment: {
          ...environment,
          UV_THREADPOOL_SIZE: String(config.THREAD_POOL_SIZE),
          HOST: this.#host,
          PORT: String(this.port),
        },
        startTimeoutMs: config.WORKER_START_TIMEOUT_MS,
        heartbeatTimeoutMs: config.HEARTBEAT_TIMEOUT_MS,
        stopTimeoutMs: config.SHUTDOWN_TIMEOUT_MS + KILL_AFTER_DEADLINE_MS,
        managementAddress,
      });
    } catch (error) {
      failed({ slot }, error);
      throw error;
    }
    this.#all.add(worker);
    worker.once('exit', (exit) => this.#forget(worker, exit));
    events.record('forked', identify(worker), quiet);
    worker.ready.then(
      () => {
        this.lastFailure = undefined;
        const afterMs = Math.round(performance.now() - worker.forkedAt);
        events.record('ready', { ...identify(worker), afterMs }, quiet);
      },
      (error: unknown) => failed(identify(worker), error),
    );
    onForked(worker);
    return worker;
  }

  kill(): void {
    for (const worker of this.#all) worker.kill();
  }

  #forget(worker: WorkerHandle, { code, signal }: Exit): void {
    this.#all.delete(worker);
    this.#options.events.record(worker.leftAsIntended ? 'ended' : 'crashed', {
      ...identify(worker),
      code,
      signal,
      ...(worker.leavesBecause === undefined ? {} : { reason: worker.leavesBecause }),
    });
  }
}

/** The fields by which an event names a worker. */
export function identify(worker: WorkerHandle) {
  return { worker: worker.id, pid: worker.pid, slot: worker.slot };
}
