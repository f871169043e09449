import { performance } from 'node:perf_hooks';
import { Worker, type ResourceLimits, type Transferable } from 'node:worker_threads';

interface ThreadOptions {
  readonly data?: unknown;
  readonly transfer?: readonly Transferable[];
  /** Ends the thread, a busy loop included. */
  readonly signal: AbortSignal;
  readonly resourceLimits?: ResourceLimits;
}

/** Threads that live, so that a stop can end them. */
export class Threads {
  readonly #live = new Set<Worker>();

  get size(): number {
    return this.#live.size;
  }

  /**
   * Starts a thread on a TypeScript file of this repository, lends it to some work, and ends it with the work.
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
        // A last message may come in the same turn as the end: the work takes it before it is told of the end.
        setImmediate(() => reject(new Error(`the thread ended early, with code ${code}`)));
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

/** The next message of a thread, and when it came. */
export function nextMessage<T>(thread: Worker): Promise<{ readonly message: T; readonly atMs: number }> {
  return new Promise((resolve) => {
    thread.once('message', (message: T) => resolve({ message, atMs: performance.now() }));
  });
}
