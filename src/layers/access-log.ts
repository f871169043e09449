import { performance } from 'node:perf_hooks';
import type { Request, Response } from 'express';
import morgan from 'morgan';
import type { Logger } from 'pino';
import { isClosedByServer, seenStatus } from '../http/seen-status.ts';

/**
 * Writes one log line per request, through morgan into pino; call it when the response has ended. morgan is called with
 * `immediate` and its formatter returns nothing, because pino writes the line: on its own, morgan would wrap every
 * response and listen for an end that is known here anyway.
 *
 * The line contains nothing that could hide a secret or break a log: no query, no headers, no body.
 */
export function createAccessLog({ log }: { readonly log: Logger }): (res: Response) => void {
  const write = morgan<Request, Response>(
    (_tokens, req, res) => {
      const [path = ''] = req.originalUrl.split('?', 1);
      // From `locals`: by now the async context may belong to another request.
      const { requestId, traceId, spanId, parentId, traceFlags } = res.locals.fields;
      log.info(
        {
          requestId,
          traceId,
          spanId,
          parentId,
          traceFlags,
          event: 'request',
          method: req.method,
          path: path.slice(0, 512),
          route: res.locals.route,
          status: seenStatus(res),
          durationMs: Math.round((performance.now() - res.locals.startedAt) * 1000) / 1000,
          bytes: Number(res.getHeader('content-length')) || undefined,
          ip: res.locals.ip,
          caller: res.locals.caller?.id,
          closedByServer: isClosedByServer(res) || undefined,
          closedBy: res.locals.closedBy,
        },
        'request',
      );
      return undefined;
    },
    { immediate: true },
  );
  return (res) => write(res.req, res, () => undefined);
}
