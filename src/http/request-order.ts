import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Serve = (req: IncomingMessage, res: ServerResponse) => void;

/** With more requests waiting, a connection is not read. Below, a client that disconnects is noticed at once. */
const MAX_WAITING = 16;

interface RequestOrderOptions {
  readonly serve: Serve;
  /** Called when a request has to wait for others of its connection. */
  readonly onWait: (socket: Socket) => void;
}

/**
 * Serves the requests of a connection one at a time. Node.js hands over every request of a pipeline as soon as it is
 * read: thousands in a packet, of which one client would fill the queues of all others. Only requests with safe methods
 * may be processed in parallel: https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
 *
 * A waiting request has not been accepted: if its connection closes, nothing of it has been done.
 */
export class RequestOrder {
  readonly #options: RequestOrderOptions;
  readonly #waiting = new Map<Socket, ServerResponse[]>();

  constructor(options: RequestOrderOptions) {
    this.#options = options;
  }

  /** Requests that wait for the response to an earlier one of their connection, by connection, oldest first. */
  get waiting(): ReadonlyMap<Socket, readonly ServerResponse[]> {
    return this.#waiting;
  }

  /** Serves a request, at once or after those before it. */
  readonly add = (req: IncomingMessage, res: ServerResponse): void => {
    // Node.js assigns the socket to the response whose turn it is.
    if (res.socket !== null) this.#options.serve(req, res);
    else this.#wait(req.socket, res);
  };

  /**
   * Gives up a waiting request whose body cannot be read.
   *
   * @returns the last response that will still be written on the connection; undefined if no request waits
   */
  dropUnread(socket: Socket): ServerResponse | undefined {
    const waiting = this.#waiting.get(socket) ?? [];
    if (waiting.at(-1)?.req.complete === false) waiting.pop();
    return waiting.at(-1);
  }

  #wait(socket: Socket, res: ServerResponse): void {
    const waiting = this.#waiting.get(socket) ?? [];
    if (waiting.push(res) === 1) {
      this.#waiting.set(socket, waiting);
      socket.once('close', this.#forget);
    }
    this.#options.onWait(socket);
    if (waiting.length === MAX_WAITING) socket.on('resume', pauseAgain).pause();
    // One per iteration of the event loop, so that other connections get their turn.
    res.once('socket', () => setImmediate(this.#serveNext, socket, res));
  }

  readonly #serveNext = (socket: Socket, res: ServerResponse): void => {
    const waiting = this.#waiting.get(socket);
    if (waiting?.[0] !== res) return; // the connection has closed, or the request was given up
    waiting.shift();
    if (waiting.length === 0) {
      this.#waiting.delete(socket);
      socket.off('close', this.#forget).off('resume', pauseAgain).resume();
    }
    this.#options.serve(res.req, res);
  };

  readonly #forget = (): void => {
    for (const socket of this.#waiting.keys()) if (socket.destroyed) this.#waiting.delete(socket);
  };
}

/** Node.js resumes a connection when its client has read some of a response. */
function pauseAgain(this: Socket): void {
  this.pause();
}
