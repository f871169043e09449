import type { Socket } from 'node:net';

/** About what the kernel holds for a connection: a client that takes less in all that time does not really read. */
const LEAST_BYTES = 16 * 1024;
const LOOKS_PER_TIMEOUT = 4;

interface Watched {
  /** Bytes the client had taken when it last took enough, and when that was. */
  bytesTaken: number;
  at: number;
}

/**
 * What the public figures of a socket do not tell: they count a write as taken when its last byte is, and an answer of
 * many megabytes may be one write. Node.js goes by the same for `socket.setTimeout`.
 */
interface Handle {
  readonly bytesWritten: number;
  /** Of these, what the kernel has not yet taken. */
  readonly writeQueueSize: number;
}

/**
 * Cuts clients that do not take the answer that waits for them: each holds memory, and often a file or a child, for
 * as long as it likes. All connections are looked at now and then, so that a request pays nothing for it.
 */
export class SlowReaders {
  readonly #sockets: ReadonlySet<Socket>;
  readonly #timeoutMs: number;
  readonly #watched = new Map<Socket, Watched>();
  readonly #onCut: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(sockets: ReadonlySet<Socket>, timeoutMs: number, onCut: () => void) {
    this.#sockets = sockets;
    this.#timeoutMs = timeoutMs;
    this.#onCut = onCut;
    this.#timer = setInterval(
      () => this.look(performance.now()),
      Math.max(100, timeoutMs / LOOKS_PER_TIMEOUT),
    );
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @param now by the clock of `performance.now()` */
  look(now: number): void {
    for (const socket of this.#watched.keys()) if (!this.#sockets.has(socket)) this.#watched.delete(socket);
    for (const socket of this.#sockets) {
      const handle = (socket as Socket & { readonly _handle?: Handle | null })._handle;
      if (!handle || socket.writableLength === 0) {
        this.#watched.delete(socket); // nothing waits for this client
        continue;
      }
      const bytesTaken = handle.bytesWritten - handle.writeQueueSize;
      const watched = this.#watched.get(socket);
      if (watched === undefined || bytesTaken - watched.bytesTaken >= LEAST_BYTES) {
        this.#watched.set(socket, { bytesTaken, at: now });
      } else if (now - watched.at >= this.#timeoutMs) {
        this.#watched.delete(socket);
        socket.destroy();
        this.#onCut();
      }
    }
  }
}
