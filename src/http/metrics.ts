import type { RequestHandler } from 'express';
import { performance } from 'node:perf_hooks';
import type { Metrics } from '../process/metrics.ts';
import { seenStatus } from './access-log.ts';

/** Methods with a label of their own. A caller can invent others, and labels must stay few. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Measures every request into the histogram, by the pattern of its route so that paths do not multiply. */
export function createRequestMetrics({ metrics }: { readonly metrics: Metrics }): RequestHandler {
  return function requestMetrics(req, res, next) {
    const startedAt = performance.now();
    res.once('close', () => {
      metrics.requestDuration.observe(
        {
          method: knownMethods.has(req.method) ? req.method : 'other',
          route: res.locals.route ?? 'none',
          status: seenStatus(res),
        },
        (performance.now() - startedAt) / 1000,
      );
    });
    next();
  };
}
