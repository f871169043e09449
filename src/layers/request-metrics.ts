import { performance } from 'node:perf_hooks';
import type { Histogram } from '@prometheus-io/client';
import type { Response } from 'express';
import { seenStatus } from '../http/seen-status.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Methods with a label of their own. Callers can invent methods, and labels must stay few. */
export const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Records a request when its response has ended: its duration by the pattern of its route, and who aborted it. */
export function createRequestMetrics({ metrics }: { readonly metrics: Metrics }): (res: Response) => void {
  // Looking up a histogram by its labels costs more than recording into it.
  const histograms = new Map<string, Histogram.Internal<'method' | 'route' | 'status'>>();
  return function requestMetrics(res) {
    const method = knownMethods.has(res.req.method) ? res.req.method : 'other';
    const route = res.locals.route ?? 'none';
    const status = seenStatus(res);
    const key = `${method} ${status} ${route}`;
    let histogram = histograms.get(key);
    if (histogram === undefined) {
      histogram = metrics.requestDuration.labels({ method, route, status });
      histograms.set(key, histogram);
    }
    if (res.locals.closedBy !== undefined) metrics.responsesAborted.inc({ by: res.locals.closedBy });
    histogram.observe((performance.now() - res.locals.startedAt) / 1000);
  };
}
