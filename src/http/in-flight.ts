import type { Response } from 'express';

/**
 * The requests that have no whole answer yet. The first layer fills it, admission and the drain look at it, and it
 * tells when one is over.
 *
 * Whoever wants to know of the end of every request asks here, once: a listener of its own on each answer makes
 * Node.js keep lists of listeners, and V8 comes to take these, and all they lead to, for objects that live long.
 */
export class InFlight {
  readonly #responses = new Set<Response>();
  readonly #onEnd: ((res: Response) => void)[] = [];
  #total = 0;
  #connections = 0;
  #onIdle: (() => void) | undefined;

  get size(): number {
    return this.#responses.size;
  }

  /** Requests that have arrived since the start. */
  get total(): number {
    return this.#total;
  }

  /** Connections and requests that have arrived since the start: as long as this grows, more may be waiting. */
  get arrivals(): number {
    return this.#total + this.#connections;
  }

  get responses(): ReadonlySet<Response> {
    return this.#responses;
  }

  /** @param listener called when an answer is over: sent, cut, or given up by its client */
  onEnd(listener: (res: Response) => void): void {
    this.#onEnd.push(listener);
  }

  connected(): void {
    this.#connections += 1;
  }

  add(res: Response): void {
    this.#total += 1;
    this.#responses.add(res);
    res.on('close', () => {
      this.#responses.delete(res);
      for (const listener of this.#onEnd) listener(res);
      if (this.#responses.size === 0) this.#onIdle?.();
    });
  }

  /** Resolves when no request is in flight, or at the deadline. */
  finished(deadline?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.size === 0 || deadline?.aborted === true) resolve();
      else deadline?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
