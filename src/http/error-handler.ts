import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import type { Logger } from '../process/logger.ts';
import { Problem, PROBLEM_MEDIA_TYPE, toDetails, type ProblemCode } from './problem.ts';
import { sendJson } from './send-json.ts';

/** Errors of body-parser by their `type`: https://github.com/expressjs/body-parser#errors */
const bodyParserCodes: Readonly<Record<string, ProblemCode>> = {
  'entity.parse.failed': 'malformed-json',
  'entity.too.large': 'body-too-large',
  'request.size.invalid': 'incomplete-body',
  'request.aborted': 'incomplete-body',
  'charset.unsupported': 'unsupported-media-type',
  'encoding.unsupported': 'unsupported-media-type',
};

/** Headers that described the answer that is not given now; in lower case, in which Node.js looks them up. */
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

/** The last layer: every error of a request becomes one problem answer, and one log line where it is unexpected. */
export function createErrorHandler({ log }: { readonly log: Logger }): ErrorRequestHandler {
  // Express tells an error handler from other layers by its four parameters.
  return function errorHandler(error: unknown, req: Request, res: Response, _next: NextFunction): void {
    // The client left, or the answer was given up from here: that is on record already.
    if (res.closed || res.locals.cut) return;
    const problem = toProblem(error);
    if (!(error instanceof Problem) && problem.status >= 500) {
      log.error({ err: asError(error), event: 'request-failed' }, 'a request failed unexpectedly');
    } else if (problem.cause !== undefined) {
      log.warn({ err: problem, event: 'request-problem' }, problem.message);
    }

    if (res.headersSent) {
      // Half an answer is on its way. Ending it properly would make it look whole, so the connection is cut.
      res.locals.cut = true;
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

/** Turns any error into a problem: what Express and its parsers mean is kept, all else is hidden. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof URIError)
    return new Problem('malformed-url', { detail: 'The path is not valid percent-encoding.' });

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

/** Errors of the `http-errors` package, which Express and its parsers throw. */
interface HttpError {
  readonly status: number;
  readonly expose: boolean;
  readonly type: string;
  readonly message: string;
  readonly headers: Record<string, string>;
}

function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new Error('something that is no Error was thrown', { cause: error });
}
