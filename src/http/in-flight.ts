import type { Socket } from 'node:net';
import type { Response } from 'express';

/**
 * The requests without a complete response. The first layer fills it; load shedding and the drain read it.
 *
 * Code that needs the end of every request registers here once. A listener on each response would make Node.js keep
 * arrays of listeners; V8 promotes them, and all they reference, to old space.
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

  /** Requests since the start. */
  get total(): number {
    return this.#total;
  }

  /** Connections and requests since the start: while it grows, more may be waiting. */
  get arrivals(): number {
    return this.#total + this.#connections;
  }

  get responses(): ReadonlySet<Response> {
    return this.#responses;
  }

  /** @param listener called when a response has ended: sent, closed by the server, or abandoned by its client */
  onEnd(listener: (res: Response) => void): void {
    this.#onEnd.push(listener);
  }

  countConnection(): void {
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

  /** The requests in flight on a connection, oldest first. */
  on(socket: Socket): Response[] {
    return [...this.#responses].filter((res) => res.req.socket === socket);
  }

  /** Closes connections whose time is over. */
  closeAtDeadline(sockets: Pick<ReadonlySet<Socket>, 'has' | 'keys'>): void {
    for (const res of this.#responses) {
      if (!sockets.has(res.req.socket)) continue;
      res.locals.closedBy ??= 'deadline';
      if (!res.headersSent) res.statusCode = 503; // for the log: the client gets no status
    }
    for (const socket of sockets.keys()) socket.destroy();
  }

  /** Resolves when no request is in flight, or at the deadline. */
  whenIdle(deadline?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.size === 0 || deadline?.aborted === true) resolve();
      else deadline?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
