import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import { Problem, PROBLEM_MEDIA_TYPE, toDetails, type ProblemCode } from '../http/problem.ts';
import { sendJson } from '../http/send-json.ts';

/** Errors of body-parser by their `type`: https://github.com/expressjs/body-parser#errors */
const bodyParserCodes: Readonly<Record<string, ProblemCode>> = {
  'entity.parse.failed': 'malformed-json',
  'entity.too.large': 'body-too-large',
  'request.size.invalid': 'incomplete-body',
  'request.aborted': 'incomplete-body',
  'charset.unsupported': 'unsupported-media-type',
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

/** The last layer: every error of a request becomes one error response, and one log line if it is unexpected. */
export function createErrorHandler({ log }: { readonly log: Logger }): ErrorRequestHandler {
  // Express recognizes an error handler by its four parameters.
  return function errorHandler(error: unknown, req: Request, res: Response, _next: NextFunction): void {
    // The client disconnected, or the server closed the connection: that has been recorded already.
    if (res.closed || res.locals.closedByServer) return;
    const problem = toProblem(error);
    if (!(error instanceof Problem) && problem.status >= 500) {
      log.error({ err: asError(error), event: 'request-failed' }, 'request failed');
    } else if (problem.cause !== undefined) {
      log.warn({ err: problem, event: 'request-problem' }, problem.message);
    }

    if (res.headersSent) {
      // Part of the response has been sent. A proper end would make it look complete: close the connection.
      res.locals.closedByServer = true;
      res.destroy();
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
