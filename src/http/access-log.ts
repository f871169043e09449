import type { Request, Response } from 'express';
import morgan from 'morgan';
import { performance } from 'node:perf_hooks';
import type { Logger } from '../process/logger.ts';

/** What a client that left before its answer was complete is recorded as; the status is nginx's. */
export const CLIENT_CLOSED_REQUEST = 499;

/** The status that was seen by the client; 499 where it left first. */
export function seenStatus(res: Response): number {
  return res.writableFinished || res.locals.cut ? res.statusCode : CLIENT_CLOSED_REQUEST;
}

/**
 * One log line a request, through morgan into pino: to be called when its answer is over. Left to itself morgan would
 * wrap every answer and listen on it and on its connection, for an end that is known here anyway.
 *
 * The line holds nothing a caller could hide a secret in or break a log with: no query, no header, no body.
 */
export function createAccessLog({ log }: { readonly log: Logger }): (res: Response) => void {
  const write = morgan<Request, Response>(
    (_tokens, req, res) => {
      const [path = ''] = req.originalUrl.split('?', 1);
      // By name: at this point Node.js no longer knows which request it was that ended.
      const { requestId, traceId, parentId } = res.locals.fields;
      log.info(
        {
          requestId,
          traceId,
          parentId,
          event: 'request',
          method: req.method,
          path: path.slice(0, 512),
          route: res.locals.route,
          status: seenStatus(res),
          durationMs: Math.round((performance.now() - res.locals.startedAt) * 1000) / 1000,
          bytes: Number(res.getHeader('content-length')) || undefined,
          ip: res.locals.ip,
          cut: res.locals.cut || undefined,
        },
        'request',
      );
      // pino has written the line: nothing is left for morgan to write.
      return undefined;
    },
    { immediate: true },
  );
  return (res) => write(res.req, res, () => undefined);
}
