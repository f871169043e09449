import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../config/core-variables.ts';
import { readTlsFiles } from '../config/tls-files.ts';
import type { StopRequest } from '../process/lifecycle.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createConnectResponse } from './connect-response.ts';
import { createMessageClasses } from './express-messages.ts';
import type { InFlight } from './in-flight.ts';
import { linger } from './lingering-close.ts';
import { listen } from './listen.ts';
import { ParserErrors } from './parser-errors.ts';
import { convertTarget } from './request-head.ts';
import { RequestOrder } from './request-order.ts';
import { SlowReaders } from './slow-readers.ts';
import { tlsOptions } from './tls-options.ts';

/**
 * How often Node.js enforces the headers and request timeouts. With its default of 30 s, a headers timeout of 15 s could
 * last 45 s.
 */
const CHECK_CONNECTIONS_INTERVAL_MS = 1_000;

/** After this many consecutive iterations of the event loop without an arrival, the kernel has no more. */
const QUIET_ITERATIONS = 5;
/** How often a drain looks at its connections, in milliseconds. */
const POLL_MS = 10;
/** In a longer iteration, more connections may arrive than it accepts. */
const LONG_ITERATION_MS = 5;
/** The default of Node.js: as many connections may wait in the backlog. */
const BACKLOG = 511;

/** How long a connection that was accepted last has to send its first request, in milliseconds: its client may get no CPU. */
const FIRST_REQUEST_MS = 1_000;

/** How long a worker leaves the shared listener to others after each connection that it accepted, in milliseconds. */
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

interface Connection {
  /** On the clock of `performance.now()`. */
  readonly acceptedAt: number;
  /** Requests so far. */
  requests: number;
  /** The response to the latest one. */
  latest: ServerResponse | undefined;
  /** The response that carries `Connection: close` because of the drain. */
  closing: ServerResponse | undefined;
}

/** An HTTP server that tracks its sockets and requests, so that it can be drained. */
export class HttpServer {
  readonly #server: Server;
  readonly #config: Config;
  readonly #connections = new Map<Socket, Connection>();
  /** TCP connections, with TLS also those whose handshake is not complete. */
  #sockets = 0;
  /** When the latest of them was accepted, on the clock of `performance.now()`. */
  #acceptedAt = 0;
  readonly #inFlight: InFlight;
  readonly #slowReaders: SlowReaders;
  readonly #order: RequestOrder;
  #draining = false;
  #refused = 0;

  constructor(options: HttpServerOptions) {
    const { config, clustered, app, inFlight } = options;
    this.#config = config;
    this.#inFlight = inFlight;
    this.#slowReaders = new SlowReaders(this.#connections, config.SLOW_READER_TIMEOUT_MS, (socket) =>
      inFlight.closeAtDeadline(new Set([socket])),
    );
    const classes = createMessageClasses(app);
    const settings = {
      ...classes,
      keepAliveTimeout: config.KEEP_ALIVE_TIMEOUT_MS,
      headersTimeout: config.HEADERS_TIMEOUT_MS,
      requestTimeout: config.REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_INTERVAL_MS,
      // A layer checks the host: Node's own response would not be problem details.
      requireHostHeader: false,
    };
    const tls = readTlsFiles(config);
    this.#server =
      tls === undefined
        ? createServer(settings)
        : createTlsServer({ ...settings, ...tlsOptions(tls, config) });
    this.#server.maxConnections = config.MAX_CONNECTIONS;
    this.#server.on('drop', () => (this.#refused += 1));
    const never = new Int32Array(new SharedArrayBuffer(4));
    this.#server.on('connection', (socket) => {
      // Without a pause, one worker accepts a whole burst of connections before another one is scheduled, and keeps
      // them. The pause blocks this event loop once per accepted connection; a kept-alive connection pays it only once.
      if (clustered) Atomics.wait(never, 0, 0, STAND_BACK_MS);
      inFlight.countConnection();
      this.#sockets += 1;
      this.#acceptedAt = performance.now();
      socket.once('close', () => (this.#sockets -= 1));
    });
    // The sockets of requests: with TLS those after the handshake.
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#connections.set(socket, {
        acceptedAt: performance.now(),
        requests: 0,
        latest: undefined,
        closing: undefined,
      });
      if (tls !== undefined) inFlight.countConnection(); // an arrival, too: its request follows
      socket.once('close', () => this.#connections.delete(socket));
    });
    const serve = (req: IncomingMessage, res: ServerResponse) => {
      if (!this.#accepts(req.socket, res)) return;
      convertTarget(req);
      if (this.#draining) this.#announceClose(res);
      app(req, res);
    };
    const order = new RequestOrder({ serve, onWait: (socket) => this.#withdrawClose(socket) });
    this.#order = order;
    this.#server.on('request', order.add);
    this.#server.on('checkContinue', order.add); // reading the body sends the 100
    this.#server.on('checkExpectation', order.add); // anything but 100-continue; a layer rejects it
    this.#server.on('connect', (req: IncomingMessage, socket: Socket) => {
      const respond = () => serve(req, createConnectResponse(req, socket, classes.ServerResponse));
      const before = order.waiting.get(socket)?.at(-1) ?? inFlight.on(socket).at(-1);
      if (before === undefined) respond();
      else before.once('close', respond);
    });
    const parserErrors = new ParserErrors({ ...options, order });
    this.#server.on('clientError', (error, duplex) => {
      const socket = duplex as Socket;
      if (tls === undefined || this.#connections.has(socket)) parserErrors.respond(error, socket);
      else parserErrors.recordHandshake(error, socket);
    });
  }

  /** Clients disconnected because they did not read their response. */
  get slowReadersDisconnected(): number {
    return this.#slowReaders.disconnected;
  }

  /** Connections refused because there were too many. */
  get connectionsRefused(): number {
    return this.#refused;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /**
   * @returns the URL that it now listens on
   * @throws {ListenError} if it cannot
   */
  listen(): Promise<string> {
    this.#slowReaders.start();
    return listen(this.#server, { host: this.#config.HOST, port: this.#config.PORT });
  }

  /**
   * Completes what has begun, in this order: responses carry `Connection: close` for a settle window; the listener
   * closes (at the start of the window if other workers go on listening); idle sockets are closed; requests complete;
   * at the deadline the rest is closed.
   */
  async drain({ keepListening }: Pick<StopRequest, 'keepListening'>, deadline: AbortSignal): Promise<void> {
    this.#draining = true;
    for (const res of this.#inFlight.responses) this.#announceClose(res);
    if (!keepListening) this.#closeListener();
    // A client may be about to send on a socket that looks idle: closing it now would lose that request.
    await sleep(this.#config.SHUTDOWN_SETTLE_MS, undefined, { signal: deadline }).catch(() => undefined);
    if (keepListening) {
      await this.#acceptBacklog(deadline);
      this.#closeListener();
      while (this.#awaitsFirstRequest() && !deadline.aborted) await sleep(POLL_MS);
    }
    await this.#untilQuiet(deadline);
    this.#endIdleSockets();
    while (this.#isBusy() && !deadline.aborted) {
      await this.#inFlight.whenIdle(deadline);
      // A response whose head was sent before the drain did not announce the close: its client may send again.
      await this.#untilQuiet(deadline);
    }
    this.#endIdleSockets();
    while (this.#connections.size > 0 && !deadline.aborted) await sleep(POLL_MS);
    if (deadline.aborted) await this.#abort();
  }

  /** Whether a connection was accepted so lately that its first request, or its handshake, may still come. */
  #awaitsFirstRequest(): boolean {
    const since = performance.now() - FIRST_REQUEST_MS;
    if (this.#sockets > this.#connections.size && this.#acceptedAt > since) return true;
    return [...this.#connections.values()].some((one) => one.requests === 0 && one.acceptedAt > since);
  }

  #isBusy(): boolean {
    return this.#inFlight.size > 0 || this.#order.waiting.size > 0;
  }

  /**
   * Waits until nothing has arrived for a while. A socket looks idle while its request is still unread: after a long
   * iteration of the event loop, or if the process had no CPU. A timer fires after the sockets have been read once, and
   * arrivals start the wait again. Each connection delays it once at most: its response announces the close.
   */
  async #untilQuiet(deadline: AbortSignal): Promise<void> {
    let quiet = 0;
    while (quiet < QUIET_ITERATIONS && this.#connections.size > 0 && !deadline.aborted) {
      const { arrivals } = this.#inFlight;
      await sleep(POLL_MS);
      quiet = this.#inFlight.arrivals > arrivals || this.#order.waiting.size > 0 ? 0 : quiet + 1;
    }
    await setImmediate(); // right after the sockets have been read
  }

  /** Closes all connections and waits until every request on them has been recorded. */
  async #abort(): Promise<void> {
    this.#inFlight.closeAtDeadline(this.#connections);
    await this.#inFlight.whenIdle();
  }

  /**
   * Counts a request. It is not accepted after a response with `Connection: close`: its own response could not be sent,
   * and a client repeats what was not answered. https://www.rfc-editor.org/rfc/rfc9112#section-9.6
   *
   * Node.js's own limit of requests per connection responds without any layer, and leaves the connection open.
   */
  #accepts(socket: Socket, res: ServerResponse): boolean {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return false; // it has closed
    if (connection.latest !== undefined && closes(connection.latest)) return false;
    const limit = this.#config.MAX_REQUESTS_PER_SOCKET;
    if (limit > 0 && connection.requests >= limit) return false;
    connection.requests += 1;
    connection.latest = res;
    if (connection.requests === limit) closeAfter(res);
    return true;
  }

  /**
   * Sets `Connection: close` on the last pending response of a connection: Node.js ends a connection after the first
   * response that carries it. If its head has been sent already, the end of the drain closes the connection.
   */
  #announceClose(res: ServerResponse): void {
    const { socket } = res.req;
    if (res.headersSent || !res.shouldKeepAlive || this.#order.waiting.has(socket)) return;
    const connection = this.#connections.get(socket);
    if (connection !== undefined) connection.closing = res;
    closeAfter(res);
  }

  /** Another request has arrived on the connection: its response will be the last one. */
  #withdrawClose(socket: Socket): void {
    const res = this.#connections.get(socket)?.closing;
    if (res?.headersSent === false) res.shouldKeepAlive = true;
  }

  /**
   * Accepts the connections that waited while the event loop was busy or the process had no CPU: closing the listener
   * would reset them. An event loop accepts one per iteration. Short iterations are limited to as many as connections
   * can wait, or a steady load would keep the listener open. So would one with long iterations: half of the time for the
   * shutdown is left for its requests.
   */
  async #acceptBacklog(deadline: AbortSignal): Promise<void> {
    let quiet = 0;
    let startedAt = performance.now();
    const until = startedAt + this.#config.SHUTDOWN_TIMEOUT_MS / 2;
    for (
      let short = 0;
      short < BACKLOG && quiet < QUIET_ITERATIONS && startedAt < until && !deadline.aborted;
    ) {
      const { arrivals } = this.#inFlight;
      startedAt = performance.now();
      await setImmediate();
      if (performance.now() - startedAt < LONG_ITERATION_MS) short += 1;
      quiet = this.#inFlight.arrivals > arrivals ? 0 : quiet + 1;
    }
  }

  /** Closes only the listener: `http.Server.close()` would close idle sockets at once, before they could settle. */
  #closeListener(): void {
    NetServer.prototype.close.call(this.#server);
  }

  /** Also those that never sent a request, which `closeIdleConnections()` spares. */
  #endIdleSockets(): void {
    const busy = new Set([...this.#inFlight.responses].map((res) => res.req.socket));
    for (const socket of this.#connections.keys()) {
      if (busy.has(socket) || this.#order.waiting.has(socket)) continue;
      linger(socket);
      socket.destroySoon();
    }
  }
}

/** Closes the connection after this response. Its client may have sent more. */
function closeAfter(res: ServerResponse): void {
  res.shouldKeepAlive = false;
  linger(res.req.socket);
}

/** Whether a response has ended its connection for further requests. */
function closes(res: ServerResponse): boolean {
  return res.headersSent && (!res.shouldKeepAlive || res.getHeader('Connection') === 'close');
}
