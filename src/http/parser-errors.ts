import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import { helmetHeaders } from './helmet-headers.ts';
import type { InFlight } from './in-flight.ts';
import { Problem, PROBLEM_MEDIA_TYPE, toDetails, type ProblemCode } from './problem.ts';
import type { RequestOrder } from './request-order.ts';

/** Errors of the HTTP parser with a status of their own: https://nodejs.org/api/errors.html#err_http_request_timeout */
const parserProblems: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
};

interface ParserErrorsOptions {
  readonly log: Logger;
  /** Where they are counted; those of the management port are only logged. */
  readonly metrics?: Metrics;
  readonly inFlight: InFlight;
  /** Requests that the layers do not know yet. */
  readonly order?: RequestOrder;
}

/**
 * Responds to what the HTTP parser rejected (`clientError`): no layer has seen it, so the response is written by hand
 * and recorded here. Neither the log nor the metrics contain anything that was sent.
 */
export class ParserErrors {
  readonly #options: ParserErrorsOptions;
  readonly #rejected = new WeakSet<Socket>();
  /** The last request of a connection that got its response before its body was complete. */
  readonly #answeredEarly = new WeakMap<Socket, IncomingMessage>();

  constructor(options: ParserErrorsOptions) {
    this.#options = options;
    options.inFlight.onEnd((res) => {
      if (res.writableFinished && !res.req.complete) this.#answeredEarly.set(res.req.socket, res.req);
    });
  }

  /** @param error the parser emits another one for whatever follows on the connection */
  respond(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    if (this.#rejected.has(socket)) return;
    this.#rejected.add(socket);
    const code = error.code ?? 'unknown';
    const problem = new Problem(parserProblems[code] ?? 'bad-request');
    const { inFlight, order } = this.#options;
    const open = inFlight.on(socket);
    // If only the body is malformed, the layers know the request, and its response may have begun.
    const unread = open.find((res) => !res.req.complete);
    // The request already has its response: the rest of its body is not a new request.
    if (unread?.writableEnded ?? this.#answeredEarly.get(socket)?.complete === false) {
      const last = open.at(-1);
      if (last === undefined) socket.destroySoon();
      else last.once('close', () => socket.destroySoon());
      return;
    }
    const requestId = unread?.locals.requestId ?? randomUUID();
    if (unread !== undefined) {
      unread.locals.closedBy = problem.code === 'request-timeout' ? 'deadline' : 'error';
      if (!unread.headersSent) unread.statusCode = problem.status;
    }
    this.#record(problem, code, requestId, socket);

    const finish = () => {
      if (unread?.headersSent === true) socket.destroy();
      else this.#write(problem, requestId, socket);
    };
    // Responses to earlier requests on the connection come first: this one would be mistaken for one of them.
    const before = order?.dropUnread(socket) ?? open.filter((res) => res !== unread).at(-1);
    if (before === undefined) finish();
    else before.once('close', finish);
  }

  /** A TLS handshake failed: there is no HTTP to respond with. A client that gave up is no error. */
  recordHandshake({ code = 'unknown' }: NodeJS.ErrnoException, socket: Socket): void {
    const ip = socket.remoteAddress;
    socket.destroy();
    if (code === 'ECONNRESET') return;
    const { log, metrics } = this.#options;
    metrics?.parserErrors.inc({ code });
    log.info({ event: 'handshake-failed', code, ip }, 'TLS handshake failed');
  }

  #record({ status }: Problem, code: string, requestId: string, socket: Socket): void {
    const { log, metrics } = this.#options;
    metrics?.parserErrors.inc({ code });
    log.info(
      { event: 'parser-error', requestId, status, code, ip: socket.remoteAddress },
      'unparsable request',
    );
  }

  #write(problem: Problem, requestId: string, socket: Socket): void {
    if (!socket.writable) return;
    const body = JSON.stringify(toDetails(problem, requestId));
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      `Date: ${new Date().toUTCString()}`,
      'Cache-Control: no-store',
      'Connection: close',
      ...helmetHeaders.map(([name, value]) => `${name}: ${value}`),
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
}
