import type { ServerResponse } from 'node:http';

/** The requests that have no whole answer yet. The server fills it; admission and the drain look at it. */
export class InFlight {
  readonly #responses = new Set<ServerResponse>();
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

  get responses(): ReadonlySet<ServerResponse> {
    return this.#responses;
  }

  connected(): void {
    this.#connections += 1;
  }

  add(res: ServerResponse): void {
    this.#total += 1;
    this.#responses.add(res);
    res.once('close', () => {
      this.#responses.delete(res);
      if (this.#responses.size === 0) this.#onIdle?.();
    });
  }

  /** Resolves when no request is in flight, or at the deadline. */
  finished(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.size === 0 || deadline.aborted) resolve();
      else deadline.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
