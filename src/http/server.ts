import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Express } from 'express';
import type { Config } from '../config/variables.ts';
import type { StopRequest } from '../process/lifecycle.ts';
import { listen } from '../process/listen.ts';
import type { Logger } from '../process/logger.ts';
import type { Metrics } from '../process/metrics.ts';
import type { InFlight } from './in-flight.ts';
import { createMessages } from './messages.ts';
import { SlowReaders } from './slow-readers.ts';
import { UnreadableRequests } from './unreadable-requests.ts';

/** How often Node.js looks for connections that overran their time; its default of 30 s would double most limits. */
const CHECK_CONNECTIONS_EVERY_MS = 1_000;

/** A turn of the event loop that is longer keeps connections waiting. */
const LONG_TURN_MS = 5;
/** After so many turns without one that was long and brought somebody, nobody waits any more. */
const QUIET_TURNS = 5;

/** Time in which a connection that was just accepted can say what it wants. */
const LAST_REQUEST_MS = 50;

/** How long a worker stands back from the shared listener after each connection it took, in milliseconds. */
const STAND_BACK_MS = 0.05;

interface HttpServerOptions {
  readonly config: Config;
  /** Whether other workers listen on the same socket. */
  readonly clustered: boolean;
  readonly app: Express;
  readonly inFlight: InFlight;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** An HTTP server that knows its sockets and its requests, so that it can be drained. */
export class HttpServer {
  readonly #server: Server;
  readonly #config: Config;
  readonly #sockets = new Set<Socket>();
  readonly #inFlight: InFlight;
  /** The answer of each connection that says last that it closes. */
  readonly #closing = new WeakMap<Socket, ServerResponse>();
  #draining = false;
  #slowReadersCut = 0;

  constructor(options: HttpServerOptions) {
    const { config, clustered, app, inFlight } = options;
    this.#config = config;
    this.#inFlight = inFlight;
    new SlowReaders(this.#sockets, config.SLOW_READER_TIMEOUT_MS, () => (this.#slowReadersCut += 1));
    this.#server = createServer({
      ...createMessages(app),
      keepAliveTimeout: config.KEEP_ALIVE_TIMEOUT_MS,
      headersTimeout: config.HEADERS_TIMEOUT_MS,
      requestTimeout: config.REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_EVERY_MS,
      // Node.js would answer a request without a host by itself, and not with a problem.
      requireHostHeader: false,
    });
    this.#server.maxRequestsPerSocket = config.MAX_REQUESTS_PER_SOCKET;
    this.#server.maxConnections = config.MAX_CONNECTIONS;
    const never = new Int32Array(new SharedArrayBuffer(4));
    this.#server.on('connection', (socket: Socket) => {
      // Without a pause one worker takes all connections of a burst before another gets a core to run on, and keeps
      // them. This costs a connection next to nothing, and a request on one that is kept alive nothing at all.
      if (clustered) Atomics.wait(never, 0, 0, STAND_BACK_MS);
      this.#sockets.add(socket);
      inFlight.connected();
      socket.once('close', () => this.#sockets.delete(socket));
    });
    const serve = (req: IncomingMessage, res: ServerResponse) => {
      if (req.url?.startsWith('/') === false) req.url = toOriginForm(req.url);
      if (this.#draining) this.#announceClose(res);
      app(req, res);
    };
    this.#server.on('request', serve);
    this.#server.on('checkExpectation', serve); // of anything but 100-continue: a layer refuses it
    const unreadable = new UnreadableRequests(options);
    this.#server.on('clientError', (error, socket) => unreadable.answer(error, socket as Socket));
  }

  /** Clients that were cut because they did not take their answer. */
  get slowReadersCut(): number {
    return this.#slowReadersCut;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** @returns the address, as a URL, that it now listens on */
  listen(): Promise<string> {
    return listen(this.#server, { host: this.#config.HOST, port: this.#config.PORT });
  }

  /**
   * Finishes what was begun, in this order: every answer says `Connection: close` for a settle window; the listener
   * closes (at the window's start where others go on listening); silent sockets end; requests finish; and at the
   * deadline the rest is cut.
   */
  async drain({ keepListening }: Pick<StopRequest, 'keepListening'>, deadline: AbortSignal): Promise<void> {
    this.#draining = true;
    for (const res of this.#inFlight.responses) this.#announceClose(res);
    if (!keepListening) this.#closeListener();
    // A client may be about to send on a socket that looks idle from here: closing it now would lose that request.
    await sleep(this.#config.SHUTDOWN_SETTLE_MS, undefined, { signal: deadline }).catch(() => undefined);
    if (keepListening) {
      await this.#takeBacklog(deadline);
      // A connection that was accepted a moment ago gets the time to say what it wants.
      this.#closeListener();
      await sleep(LAST_REQUEST_MS, undefined, { signal: deadline }).catch(() => undefined);
    }
    // After a late timer requests may wait to be read, on sockets that only look silent.
    await setImmediate();
    this.#endSilentSockets();
    await this.#inFlight.finished(deadline);
    if (deadline.aborted) await this.#cut();
    else for (const socket of this.#sockets) socket.destroySoon();
  }

  /** Ends what is not finished, and waits until each such request is on record. */
  async #cut(): Promise<void> {
    for (const res of this.#inFlight.responses) {
      res.locals.cut = true;
      if (!res.headersSent) res.statusCode = 503; // what it would have been told
    }
    for (const socket of this.#sockets) socket.destroy();
    await this.#inFlight.finished();
  }

  /**
   * Has the last answer that a connection is owed say that it closes: Node.js ends a connection after the first that says
   * so. Where that one is written already, and waits for its turn, the end of the drain closes the connection.
   */
  #announceClose(res: ServerResponse): void {
    const { socket } = res.req;
    const before = this.#closing.get(socket);
    if (before?.headersSent === false) before.shouldKeepAlive = true;
    this.#closing.set(socket, res);
    if (!res.headersSent) res.shouldKeepAlive = false;
  }

  /**
   * Takes in the connections that wait for a busy event loop, which accepts one of them in each of its turns: closing the
   * listener would reset them. Where turns are short nobody waits.
   */
  async #takeBacklog(deadline: AbortSignal): Promise<void> {
    for (let quietTurns = 0; quietTurns < QUIET_TURNS && !deadline.aborted;) {
      const { arrivals } = this.#inFlight;
      const turnedAt = performance.now();
      await setImmediate();
      const isLong = performance.now() - turnedAt > LONG_TURN_MS;
      quietTurns = isLong && this.#inFlight.arrivals > arrivals ? 0 : quietTurns + 1;
    }
  }

  /** Closes the listener alone: `http.Server.close()` would end idle sockets at once, before they could settle. */
  #closeListener(): void {
    NetServer.prototype.close.call(this.#server);
  }

  /** Ends sockets that serve no request, also those that never sent one, which `closeIdleConnections()` spares. */
  #endSilentSockets(): void {
    const busy = new Set([...this.#inFlight.responses].map((res) => res.req.socket));
    for (const socket of this.#sockets) if (!busy.has(socket)) socket.end();
  }
}

/**
 * The path and query of a target that also names a scheme and a host, as clients send it to a proxy: who it is for
 * is in the Host header, and a password in it must not get into a log.
 * https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function toOriginForm(target: string): string {
  const [, rest] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/is.exec(target) ?? [];
  if (rest === undefined) return target;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
