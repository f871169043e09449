import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

export type State = 'starting' | 'ready' | 'draining';

export interface StopRequest {
  /** One word for the log and the primary. */
  readonly reason: string;
  readonly exitCode: number;
  /**
   * Whether the listener stays open for the settle window. True if the whole service shuts down: the load balancer then
   * sees the readiness probe fail before it sees a refused connection. False if other workers go on.
   */
  readonly keepListening: boolean;
}

type StopTask = (request: StopRequest, deadline: AbortSignal) => Promise<void> | void;

interface LifecycleOptions {
  readonly log: Logger;
  /** Time that all stop tasks share, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/** How long a task may run on after its deadline signal is aborted. */
const GRACE_MS = 500;

/**
 * The states of a process, and its shutdown.
 *
 * A shutdown runs once, however often it is requested. Its tasks run in the order in which they were added; one that
 * fails or overruns is logged, and the next one runs.
 */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #tasks: { readonly label: string; readonly run: StopTask }[] = [];
  readonly #draining = new AbortController();
  #state: State = 'starting';
  #stopped: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  /** Aborted when the drain begins: endless responses should end then. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  ready(): void {
    if (this.#state === 'starting') this.#state = 'ready';
  }

  /**
   * Adds a task to the shutdown.
   *
   * @example
   * lifecycle.onStop('close the connection pool', () => pool.end());
   */
  onStop(label: string, run: StopTask): void {
    this.#tasks.push({ label, run });
  }

  /** Drains and ends the process; later calls join the shutdown in progress. */
  stop(request: StopRequest): Promise<void> {
    this.#stopped ??= this.#stop(request);
    return this.#stopped;
  }

  async #stop(request: StopRequest): Promise<void> {
    const { log, timeoutMs, exit } = this.#options;
    const { reason, exitCode } = request;
    this.#state = 'draining';
    log.info({ event: 'stopping', reason, exitCode }, `shutting down: ${reason}`);
    this.#draining.abort();

    const deadline = AbortSignal.timeout(timeoutMs);
    for (const { label, run } of this.#tasks) {
      try {
        await Promise.race([run(request, deadline), afterDeadline(deadline)]);
      } catch (error) {
        log.error({ event: 'stop-task-failed', err: error, task: label }, `stop task failed: ${label}`);
      }
    }
    exit(exitCode);
  }
}

async function afterDeadline(deadline: AbortSignal): Promise<never> {
  if (!deadline.aborted) {
    await new Promise((resolve) => {
      deadline.addEventListener('abort', resolve, { once: true });
    });
  }
  await sleep(GRACE_MS);
  throw new Error('shutdown deadline exceeded');
}
