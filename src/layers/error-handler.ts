import type { ErrorRequestHandler, Express, NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { ClosedBy, RequestLocals } from '../http/locals.ts';
import { Problem, PROBLEM_MEDIA_TYPE, toDetails, type ProblemCode } from '../http/problem.ts';
import { sendJson } from '../http/send-json.ts';

/** Errors of body-parser by their `type`: https://github.com/expressjs/body-parser#errors */
const bodyParserCodes: Readonly<Record<string, ProblemCode>> = {
  'entity.too.large': 'body-too-large',
  'request.size.invalid': 'incomplete-body',
  'request.aborted': 'incomplete-body',
  'encoding.unsupported': 'unsupported-media-type',
};

/** Headers of the abandoned response, in lower case as Node.js stores them. */
const staleHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'location',
  'transfer-encoding',
];

/**
 * The last layer: every error of a request becomes one error response, and one log line if it is unexpected. If part of
 * a response has been sent, the connection is closed: a proper end would make it look complete.
 */
export function createErrorHandler({ log }: { readonly log: Logger }): ErrorRequestHandler {
  // Express recognizes an error handler by its four parameters.
  return function errorHandler(thrown: unknown, req: Request, res: Response, _next: NextFunction): void {
    const { locals } = res;
    // A stream that fails destroys the response first, and its handler is rejected with the same error afterwards.
    if (locals.failure !== undefined && isCausedBy(thrown, locals.failure)) return;
    const closed = res.destroyed || locals.closedBy !== undefined;
    const ended = closed || res.writableEnded;
    if ((closed && isAbort(thrown)) || (thrown !== undefined && thrown === req.errored)) {
      if (!ended) closeConnection(res, 'client');
      return;
    }
    const error = unwrapAbort(thrown);
    locals.failure = thrown;
    const problem = toProblem(error);
    const aborts = res.headersSent && !ended;
    if (aborts || (!(error instanceof Problem) && problem.status >= 500)) {
      log.error({ ...locals.fields, err: asError(error), event: 'request-failed' }, 'request failed');
    } else if (problem.cause !== undefined) {
      log.warn({ ...locals.fields, err: problem, event: 'request-problem' }, problem.message);
    }

    if (ended) return;
    if (aborts) {
      closeConnection(res, 'error');
      return;
    }
    for (const name of staleHeaders) if (res.hasHeader(name)) res.removeHeader(name);
    res.statusCode = problem.status;
    for (const [name, value] of Object.entries(problem.headers)) res.setHeader(name, value);
    res.setHeader('Cache-Control', 'no-store');
    const [path] = req.originalUrl.split('?', 1);
    sendJson(req, res, toDetails(problem, res.locals.requestId, path), PROBLEM_MEDIA_TYPE);
  };
}

/**
 * Handles the errors that streams destroy their responses with. `stream.pipeline` destroys its destination as soon as
 * its source fails, and with a response its connection, before the handler's promise is rejected: the client would get
 * no error response, and the error would look like a client that disconnected.
 */
export function handleStreamErrors(app: Express, handleError: ErrorRequestHandler): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with a response
  const { destroy } = app.response;
  app.response.destroy = function destroyResponse(this: Response, error?: Error) {
    const locals = this.locals as RequestLocals | undefined; // undefined if no layer has seen the request
    if (this.destroyed || locals === undefined || locals.closedBy !== undefined) {
      return destroy.call(this, error);
    }
    if (error !== undefined) {
      this.on('error', () => undefined); // of another writer, which does not know yet that the response has ended
      void handleError(error, this.req, this, () => undefined);
      return this;
    }
    locals.closedBy = 'handler';
    if (!this.headersSent) this.statusCode = 500; // for the log: the client gets no status
    return destroy.call(this);
  };
}

function closeConnection(res: Response, by: ClosedBy): void {
  res.locals.closedBy = by;
  res.destroy();
}

/** Errors of streams that only say that the connection has closed. */
const closedCodes = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_UNABLE_TO_PIPE',
  'ERR_STREAM_WRITE_AFTER_END',
]);

/** Whether an error only says that the call was aborted, or its connection closed. */
function isAbort(error: unknown): boolean {
  const { name, code } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return name === 'AbortError' || (code !== undefined && closedCodes.has(code));
}

/** The problem that a call was aborted with, if a stream or a timer reports only the abort. */
function unwrapAbort(error: unknown): unknown {
  return isAbort(error) && (error as Error).cause instanceof Problem ? (error as Error).cause : error;
}

function isCausedBy(error: unknown, failure: unknown): boolean {
  return error === failure || (error instanceof Error && isCausedBy(error.cause, failure));
}

/** Converts any error to a problem: those of Express and its parsers keep their meaning, all others are hidden. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof URIError)
    return new Problem('malformed-url', { detail: 'The path has invalid percent-encoding.' });

  const { status, expose, type, message, headers } = error as Partial<HttpError>;
  if (typeof status !== 'number' || status < 400 || status > 599 || expose !== true) {
    return new Problem('internal-error');
  }
  const code = typeof type === 'string' ? bodyParserCodes[type] : undefined;
  const options = {
    ...(message === undefined ? {} : { detail: message }),
    ...(headers === undefined ? {} : { headers }),
  };
  return code === undefined ? Problem.ofStatus(status, options) : new Problem(code, options);
}

/** The errors of the `http-errors` package, which Express and its parsers throw. */
interface HttpError {
  readonly status: number;
  readonly expose: boolean;
  readonly type: string;
  readonly message: string;
  readonly headers: Record<string, string>;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('non-Error thrown', { cause: error });
}
