/** How long a demo waits for others at most. Then it runs anyway, and its response reports that it was not alone. */
const MAX_WAIT_MS = 5_000;

/**
 * `alone` waits for every other run and keeps others waiting; `shared` waits for those that run alone; a `stream`, which
 * may take minutes, neither waits nor is waited for.
 */
export type RunKind = 'alone' | 'shared' | 'stream';

/** One run of a demo. */
export interface Run {
  /** How many other demos ran in this worker at any time during this one. */
  readonly others: number;
  /** Ends it. Further calls have no effect. */
  end(): void;
}

interface Running extends Run {
  others: number;
  readonly kind: RunKind;
}

interface Waiting {
  readonly kind: RunKind;
  admit(): void;
}

/**
 * The demos that run in this worker now. CPU time, memory, traces and event-loop delay belong to the process, so a demo
 * must know whether another one ran at the same time, and one whose lesson depends on them runs alone.
 */
export class Runs {
  readonly #running = new Set<Running>();
  readonly #waiting: Waiting[] = [];
  readonly #maxWaitMs: number;

  constructor(maxWaitMs = MAX_WAIT_MS) {
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * Starts a run as soon as its kind allows, first in, first out; after the longest wait in any case.
   *
   * @throws the signal's reason
   */
  async start(kind: RunKind, signal: AbortSignal): Promise<Run> {
    signal.throwIfAborted();
    const mayStart = kind === 'stream' || (this.#waiting.length === 0 && this.#hasRoom(kind));
    return mayStart ? this.#begin(kind) : this.#wait(kind, signal);
  }

  #begin(kind: RunKind): Run {
    const run: Running = {
      kind,
      others: this.#running.size,
      end: () => {
        if (this.#running.delete(run)) this.#admitWaiting();
      },
    };
    for (const other of this.#running) other.others += 1;
    this.#running.add(run);
    return run;
  }

  #hasRoom(kind: RunKind): boolean {
    const kinds = [...this.#running].map((run) => run.kind);
    return kind === 'alone' ? kinds.every((other) => other === 'stream') : !kinds.includes('alone');
  }

  async #wait(kind: RunKind, signal: AbortSignal): Promise<Run> {
    const { promise, resolve, reject } = Promise.withResolvers<Run>();
    const waiting = { kind, admit: () => resolve(this.#begin(kind)) };
    const abort = () => reject(signal.reason as Error);
    const timer = setTimeout(() => {
      this.#leaveQueue(waiting);
      waiting.admit();
    }, this.#maxWaitMs);
    signal.addEventListener('abort', abort, { once: true });
    this.#waiting.push(waiting);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#leaveQueue(waiting);
    }
  }

  #leaveQueue(waiting: Waiting): void {
    const index = this.#waiting.indexOf(waiting);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    this.#admitWaiting();
  }

  #admitWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#hasRoom(next.kind)) return;
      this.#waiting.shift();
      next.admit();
    }
  }
}
