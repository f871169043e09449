import type { RequestHandler } from 'express';
import type { Config } from '../config/variables.ts';
import type { Metrics } from '../process/metrics.ts';
import type { VitalsMonitor } from '../process/vitals.ts';
import { Admission, SLICE_MS } from './admission.ts';
import { isProbe } from './health.ts';
import type { InFlight } from './in-flight.ts';
import { Problem } from './problem.ts';

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
 * Sheds requests that would wait too long, so that what is admitted still ends in time. Probes are exempt.
 *
 * A worker that is busy without pause, in long turns of its event loop, lets requests wait in a queue of its own and
 * refuses those that find it too long; any worker refuses what goes beyond a fixed number in flight. Any other lets
 * every request pass at once: there a look at a few numbers is all this costs.
 */
export function createOverload({ config, vitals, metrics, inFlight }: OverloadOptions): RequestHandler {
  const maxInFlight = config.MAX_REQUESTS_IN_FLIGHT;
  const maxUtilization =
    config.OVERLOAD_MAX_DELAY_MS === 0 ? Infinity : config.OVERLOAD_MAX_UTILIZATION_PERCENT / 100;
  const admission = new Admission(inFlight, config.OVERLOAD_MAX_DELAY_MS, maxUtilization);

  return function overload(req, res, next) {
    const { utilization, meanDelayMs } = vitals.latest.eventLoop;
    const busy = admission.busy || (utilization > maxUtilization && meanDelayMs > SLICE_MS);
    const full = inFlight.size > maxInFlight;
    if (!busy && !full) {
      admission.pass();
      next();
    } else if (isProbe(req.path)) next();
    else if (res.closed)
      return; // it left while the rate limit was asked for
    else if (full) next(shed('in-flight', `${maxInFlight} requests are in flight already; try again later.`));
    else if (!admission.enter(res, next)) {
      next(shed('event-loop', 'Too many requests wait for this worker; try again later.'));
    }
  };

  function shed(by: string, detail: string): Problem {
    metrics.shed.inc({ by });
    return new Problem('overloaded', { detail, headers: { 'Retry-After': String(RETRY_AFTER_S) } });
  }
}
