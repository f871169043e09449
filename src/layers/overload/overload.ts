import { AsyncResource } from 'node:async_hooks';
import type { RequestHandler } from 'express';
import type { Config } from '../../config/core-variables.ts';
import type { InFlight } from '../../http/in-flight.ts';
import { isProbe } from '../../http/probes.ts';
import { Problem } from '../../http/problem.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { VitalsMonitor } from '../../telemetry/vitals-monitor.ts';
import { AdmissionQueue, SLICE_MS } from './admission-queue.ts';

interface OverloadOptions {
  readonly config: Pick<
    Config,
    'MAX_REQUESTS_IN_FLIGHT' | 'OVERLOAD_MAX_DELAY_MS' | 'OVERLOAD_MAX_UTILIZATION_PERCENT'
  >;
  readonly vitals: Pick<VitalsMonitor, 'latest'>;
  readonly metrics: Metrics;
  readonly inFlight: InFlight;
}

const RETRY_AFTER_S = 1;

/**
 * Sheds requests that would wait too long, so that admitted ones still complete in time. Probes are exempt.
 *
 * A saturated worker queues requests and rejects them when the queue is too long; every worker rejects requests beyond
 * a fixed number in flight. Otherwise requests pass at once, at the cost of comparing a few numbers.
 */
export function createOverload({ config, vitals, metrics, inFlight }: OverloadOptions): RequestHandler {
  const maxInFlight = config.MAX_REQUESTS_IN_FLIGHT;
  const maxUtilization =
    config.OVERLOAD_MAX_DELAY_MS === 0 ? Infinity : config.OVERLOAD_MAX_UTILIZATION_PERCENT / 100;
  // Without a first 0 the rate of a counter does not include its first request.
  for (const by of ['in-flight', 'event-loop']) metrics.shed.inc({ by }, 0);
  const queue = new AdmissionQueue(inFlight, config.OVERLOAD_MAX_DELAY_MS, maxUtilization);

  return function overload(req, res, next) {
    const { utilization, meanDelayMs } = vitals.latest.eventLoop;
    const busy = queue.busy || (utilization > maxUtilization && meanDelayMs > SLICE_MS);
    const full = inFlight.size > maxInFlight;
    if (!busy && !full) {
      queue.bypass();
      next();
    } else if (isProbe(req.path)) next();
    else if (res.closed)
      return; // the client disconnected while the rate limit was checked
    else if (full) next(shed('in-flight', `More than ${maxInFlight} requests in flight. Try again later.`));
    // Bound: it is admitted in the async context of another request.
    else if (
      !queue.tryEnqueue(
        res,
        AsyncResource.bind(() => next()),
      )
    ) {
      next(shed('event-loop', 'Too many requests are queued for this worker. Try again later.'));
    }
  };

  function shed(by: string, detail: string): Problem {
    metrics.shed.inc({ by });
    return new Problem('overloaded', { detail, headers: { 'Retry-After': String(RETRY_AFTER_S) } });
  }
}
