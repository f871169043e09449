import type { Histogram } from '@prometheus-io/client';
import type { Response } from 'express';
import { performance } from 'node:perf_hooks';
import type { Metrics } from '../process/metrics.ts';
import { seenStatus } from './access-log.ts';

/** Methods with a label of their own. A caller can invent others, and labels must stay few. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Measures every request into the histogram when its answer is over, by the pattern of its route so that paths do
 * not multiply.
 */
export function createRequestMetrics({ metrics }: { readonly metrics: Metrics }): (res: Response) => void {
  // Looking a child up by its labels costs more than counting in it, and there are few of them.
  const children = new Map<string, Histogram.Internal<'method' | 'route' | 'status'>>();
  return function requestMetrics(res) {
    const method = knownMethods.has(res.req.method) ? res.req.method : 'other';
    const route = res.locals.route ?? 'none';
    const status = seenStatus(res);
    const key = `${method} ${status} ${route}`;
    let child = children.get(key);
    if (child === undefined) {
      child = metrics.requestDuration.labels({ method, route, status });
      children.set(key, child);
    }
    child.observe((performance.now() - res.locals.startedAt) / 1000);
  };
}
