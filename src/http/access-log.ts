import type { Request, RequestHandler, Response } from 'express';
import morgan from 'morgan';
import type { Logger } from '../process/logger.ts';

/** What a client that left before its answer was complete is recorded as; the status is nginx's. */
export const CLIENT_CLOSED_REQUEST = 499;

/** The status that was seen by the client; 499 where it left first. */
export function seenStatus(res: Response): number {
  return res.writableFinished || res.locals.cut === true ? res.statusCode : CLIENT_CLOSED_REQUEST;
}

/**
 * One log line a request, through morgan into pino.
 *
 * The line holds nothing a caller could hide a secret in or break a log with: no query, no header, no body.
 */
export function createAccessLog({ log }: { readonly log: Logger }): RequestHandler {
  return morgan<Request, Response>((tokens, req, res) => {
    const [path = ''] = req.originalUrl.split('?', 1);
    log.info(
      {
        event: 'request',
        method: req.method,
        path: path.slice(0, 512),
        route: res.locals.route,
        status: seenStatus(res),
        durationMs: Number(tokens['total-time']?.(req, res) ?? Number.NaN),
        bytes: Number(res.getHeader('content-length')) || undefined,
        ip: res.locals.ip,
        cut: res.locals.cut,
      },
      'request',
    );
    // pino has written the line: nothing is left for morgan to write.
    return undefined;
  });
}
