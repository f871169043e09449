import { performance } from 'node:perf_hooks';
import { Worker, type ResourceLimits, type Transferable } from 'node:worker_threads';

interface ThreadOptions {
  readonly data?: unknown;
  readonly transfer?: readonly Transferable[];
  /** Terminates the thread, even in a busy loop. */
  readonly signal: AbortSignal;
  readonly resourceLimits?: ResourceLimits;
}

/** The running threads, so that shutdown can terminate them. */
export class Threads {
  readonly #live = new Set<Worker>();

  get size(): number {
    return this.#live.size;
  }

  /**
   * Runs `work` with a new thread that executes a TypeScript file of this repository, and terminates it afterwards.
   *
   * @throws what the thread throws, what the work throws, or the signal's reason
   */
  async run<T>(program: URL, options: ThreadOptions, work: (thread: Worker) => Promise<T>): Promise<T> {
    const { signal, data, transfer, resourceLimits } = options;
    signal.throwIfAborted();
    const thread = new Worker(program, {
      workerData: data,
      ...(transfer === undefined ? {} : { transferList: [...transfer] }),
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
      stdout: true,
      stderr: true,
    });
    this.#live.add(thread);
    let abort: (() => void) | undefined;
    const failed = new Promise<never>((_resolve, reject) => {
      abort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', abort, { once: true });
      thread.once('error', reject);
      thread.once('exit', (code) => {
        // A last message may arrive in the same iteration as the exit: `work` handles it first.
        setImmediate(() => reject(new Error(`thread exited early with code ${code}`)));
      });
    });
    try {
      return await Promise.race([work(thread), failed]);
    } finally {
      if (abort !== undefined) signal.removeEventListener('abort', abort);
      failed.catch(() => undefined);
      await thread.terminate();
      this.#live.delete(thread);
    }
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#live].map((thread) => thread.terminate()));
  }
}

/** Resolves with the next message of a thread and its time of arrival, by `performance.now()`. */
export function nextMessage<T>(thread: Worker): Promise<{ readonly message: T; readonly atMs: number }> {
  return new Promise((resolve) => {
    thread.once('message', (message: T) => resolve({ message, atMs: performance.now() }));
  });
}
