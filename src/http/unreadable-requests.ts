import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../process/logger.ts';
import type { Metrics } from '../process/metrics.ts';
import type { InFlight } from './in-flight.ts';
import { Problem, PROBLEM_MEDIA_TYPE, toDetails, type ProblemCode } from './problem.ts';

/** Faults of the HTTP parser that have an answer: https://nodejs.org/api/errors.html#err_http_request_timeout */
const parserProblems: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
};

interface UnreadableRequestsOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly inFlight: InFlight;
}

/**
 * Answers requests that never became one: no layer has seen them, so the answer is written by hand, and the log and the
 * metrics are told of it here. Nothing that was sent gets into either.
 */
export class UnreadableRequests {
  readonly #options: UnreadableRequestsOptions;
  readonly #refused = new WeakSet<Socket>();
  /** The last request of a connection that was answered before all of its body had come. */
  readonly #answeredEarly = new WeakMap<Socket, IncomingMessage>();

  constructor(options: UnreadableRequestsOptions) {
    this.#options = options;
    options.inFlight.onEnd((res) => {
      if (res.writableFinished && !res.req.complete) this.#answeredEarly.set(res.req.socket, res.req);
    });
  }

  /** @param error of the parser, which has one more for whatever else comes on this connection */
  answer(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    const code = error.code ?? 'unknown';
    const problem = new Problem(parserProblems[code] ?? 'bad-request');
    const open = [...this.#options.inFlight.responses].filter((res) => res.req.socket === socket);
    // Where it is the body that cannot be read, the layers know the request, and its answer may have begun.
    const unread = open.find((res) => !res.req.complete);
    // Who has an answer need not send the rest: that is no request of its own, and nothing is left to say.
    if (unread?.writableEnded ?? this.#answeredEarly.get(socket)?.complete === false) {
      const last = open.at(-1);
      if (last === undefined) socket.destroySoon();
      else last.once('close', () => socket.destroySoon());
      return;
    }
    const requestId = unread?.locals.requestId ?? randomUUID();
    if (unread?.headersSent === false) {
      unread.locals.cut = true;
      unread.statusCode = problem.status;
    }
    this.#record(problem, code, requestId, socket);

    const finish = () => {
      if (unread?.headersSent === true) socket.destroy();
      else this.#write(problem, requestId, socket);
    };
    // What was asked for before it on the same connection comes first; an answer out of turn would be taken for it.
    const before = open.filter((res) => res !== unread).at(-1);
    if (before === undefined) finish();
    else before.once('close', finish);
  }

  #record({ status }: Problem, code: string, requestId: string, socket: Socket): void {
    const { log, metrics } = this.#options;
    metrics.unreadable.inc({ code });
    const fields = { event: 'request-unreadable', requestId, status, code, ip: socket.remoteAddress };
    log.info(fields, 'a request that cannot be read');
  }

  #write(problem: Problem, requestId: string, socket: Socket): void {
    if (!socket.writable) return;
    const body = JSON.stringify(toDetails(problem, requestId));
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'X-Content-Type-Options: nosniff',
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
}
