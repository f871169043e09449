import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logger.ts';

export type State = 'starting' | 'ready' | 'draining';

/** Why a process stops, in a word that goes to the log, to the primary and into the exit code. */
export interface StopRequest {
  readonly reason: string;
  readonly exitCode: number;
  /**
   * Whether the listener stays open for the settle window. True where the whole service stops, so that a load
   * balancer sees the readiness probe fail before it sees a refused connection. False where other workers go on.
   */
  readonly keepListening: boolean;
}

type StopTask = (request: StopRequest, deadline: AbortSignal) => Promise<void> | void;

interface LifecycleOptions {
  readonly log: Logger;
  /** Time all stop tasks have together, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/** How long a task may go on after the deadline was signalled to it. */
const GRACE_MS = 500;

/**
 * A process's way from start to stop.
 *
 * A stop runs once, whoever asks for it and however often. Its tasks run in the order in which they were added;
 * one that fails or overruns is logged and never keeps the next from running.
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

  /** Aborted when the drain begins: the moment for endless answers to say goodbye. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  ready(): void {
    if (this.#state === 'starting') this.#state = 'ready';
  }

  onStop(label: string, run: StopTask): void {
    this.#tasks.push({ label, run });
  }

  /** Drains and ends the process; later calls join the stop that is under way. */
  stop(request: StopRequest): Promise<void> {
    this.#stopped ??= this.#stop(request);
    return this.#stopped;
  }

  async #stop(request: StopRequest): Promise<void> {
    const { log, timeoutMs, exit } = this.#options;
    this.#state = 'draining';
    log.info(
      { event: 'stopping', reason: request.reason, exitCode: request.exitCode },
      `stopping: ${request.reason}`,
    );
    this.#draining.abort();

    const deadline = AbortSignal.timeout(timeoutMs);
    for (const { label, run } of this.#tasks) {
      try {
        await Promise.race([run(request, deadline), afterDeadline(deadline)]);
      } catch (error) {
        log.error({ err: error, task: label }, `stop task failed: ${label}`);
      }
    }
    exit(request.exitCode);
  }
}

async function afterDeadline(deadline: AbortSignal): Promise<never> {
  if (!deadline.aborted) {
    await new Promise((resolve) => {
      deadline.addEventListener('abort', resolve, { once: true });
    });
  }
  await sleep(GRACE_MS);
  throw new Error('the deadline passed before it was done');
}
