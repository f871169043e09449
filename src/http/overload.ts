import type { RequestHandler } from 'express';
import type { Config } from '../config.ts';
import type { Metrics } from '../process/metrics.ts';
import type { VitalsMonitor } from '../process/vitals.ts';
import { isProbe } from './health.ts';
import { Problem } from './problem.ts';

interface OverloadOptions {
  readonly config: Pick<Config, 'OVERLOAD_MAX_DELAY_MS' | 'OVERLOAD_MAX_UTILIZATION_PERCENT'>;
  readonly vitals: VitalsMonitor;
  readonly metrics: Metrics;
}

const RETRY_AFTER_S = 1;

/**
 * Sheds requests while the event loop is both late and busy: work that would only queue is refused at once, so
 * that what is admitted still ends in time. Lateness alone may be one long task that is over, and a high
 * utilisation alone is a worker that is well used. Probes are exempt.
 */
export function createOverload({ config, vitals, metrics }: OverloadOptions): RequestHandler {
  const maxDelayMs = config.OVERLOAD_MAX_DELAY_MS === 0 ? Infinity : config.OVERLOAD_MAX_DELAY_MS;
  const maxUtilization = config.OVERLOAD_MAX_UTILIZATION_PERCENT / 100;
  return function overload(req, _res, next) {
    const { meanDelayMs, utilization } = vitals.latest.eventLoop;
    if (meanDelayMs <= maxDelayMs || utilization <= maxUtilization || isProbe(req.path)) {
      next();
      return;
    }
    metrics.shed.inc({ by: 'event-loop' });
    next(
      new Problem('overloaded', {
        detail: 'The event loop is late; try again later.',
        headers: { 'Retry-After': String(RETRY_AFTER_S) },
      }),
    );
  };
}
