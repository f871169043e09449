import type { Socket } from 'node:net';

/** About what the kernel buffers per connection: a client that takes less in the whole timeout is not reading. */
const MIN_BYTES = 16 * 1024;
const CHECKS_PER_TIMEOUT = 4;

interface Watched {
  /** Bytes that the client had taken when it last took enough, and when that was. */
  bytesTaken: number;
  at: number;
}

/**
 * Internals of a socket. The public counters count a write only when its last byte is sent, and a response of many
 * megabytes may be a single write. `socket.setTimeout` uses the same internals:
 * https://github.com/nodejs/node/blob/main/lib/net.js (`Socket.prototype._onTimeout`).
 */
interface Handle {
  readonly bytesWritten: number;
  /** Bytes not yet accepted by the kernel. */
  readonly writeQueueSize: number;
}

/**
 * Disconnects clients that do not read the response that is waiting for them: each one holds memory, and often a file
 * or a child process. All connections are checked at intervals, so that requests pay nothing for it.
 */
export class SlowReaders {
  readonly #sockets: Pick<ReadonlySet<Socket>, 'has' | 'keys'>;
  readonly #timeoutMs: number;
  readonly #disconnect: (socket: Socket) => void;
  readonly #watched = new Map<Socket, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #disconnected = 0;

  /** @param disconnect closes the connection of a client that does not read */
  constructor(
    sockets: Pick<ReadonlySet<Socket>, 'has' | 'keys'>,
    timeoutMs: number,
    disconnect = (socket: Socket): void => void socket.destroy(),
  ) {
    this.#sockets = sockets;
    this.#timeoutMs = timeoutMs;
    this.#disconnect = disconnect;
  }

  /** Clients disconnected since the start. */
  get disconnected(): number {
    return this.#disconnected;
  }

  start(): void {
    const intervalMs = Math.max(100, this.#timeoutMs / CHECKS_PER_TIMEOUT);
    this.#timer = setInterval(() => this.check(performance.now()), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @param now on the clock of `performance.now()` */
  check(now: number): void {
    for (const socket of this.#watched.keys()) if (!this.#sockets.has(socket)) this.#watched.delete(socket);
    for (const socket of this.#sockets.keys()) {
      const handle = (socket as Socket & { readonly _handle?: Handle | null })._handle;
      if (!handle || socket.writableLength === 0) {
        this.#watched.delete(socket); // nothing is waiting for this client
        continue;
      }
      const bytesTaken = handle.bytesWritten - handle.writeQueueSize;
      const watched = this.#watched.get(socket);
      if (watched === undefined || bytesTaken - watched.bytesTaken >= MIN_BYTES) {
        this.#watched.set(socket, { bytesTaken, at: now });
      } else if (now - watched.at >= this.#timeoutMs) {
        this.#watched.delete(socket);
        this.#disconnect(socket);
        this.#disconnected += 1;
      }
    }
  }
}
