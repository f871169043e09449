import type { RequestHandler } from 'express';
import type { Config } from '../config.ts';
import type { Metrics } from '../process/metrics.ts';
import { TurnClock } from '../process/turn-clock.ts';
import type { VitalsMonitor } from '../process/vitals.ts';
import { isProbe } from './health.ts';
import { Problem } from './problem.ts';

interface OverloadOptions {
  readonly config: Pick<
    Config,
    'MAX_REQUESTS_IN_FLIGHT' | 'OVERLOAD_MAX_DELAY_MS' | 'OVERLOAD_MAX_UTILIZATION_PERCENT'
  >;
  readonly vitals: Pick<VitalsMonitor, 'latest'>;
  readonly metrics: Metrics;
  /** Requests that have no whole answer yet, this one among them. */
  readonly inFlight: () => number;
  readonly clock?: Pick<TurnClock, 'lateness'>;
}

const RETRY_AFTER_S = 1;

/**
 * Sheds requests that would only queue, so that what is admitted still ends in time. Probes are exempt.
 *
 * A request is shed when too many others are in flight; or when the turn of the event loop that reads it has lasted
 * too long already while this worker is busy without pause. Each turn so admits what it can do in that time, and
 * refuses the rest of what came meanwhile: nothing is refused that could have been done. Lateness alone may be one
 * long task that is over, and a high utilisation alone is a worker that is well used.
 */
export function createOverload({
  config,
  vitals,
  metrics,
  inFlight,
  clock = new TurnClock(),
}: OverloadOptions): RequestHandler {
  const maxInFlight = config.MAX_REQUESTS_IN_FLIGHT;
  const maxDelayMs = config.OVERLOAD_MAX_DELAY_MS === 0 ? Infinity : config.OVERLOAD_MAX_DELAY_MS;
  const maxUtilization = config.OVERLOAD_MAX_UTILIZATION_PERCENT / 100;

  return function overload(req, _res, next) {
    const late = clock.lateness() > maxDelayMs && vitals.latest.eventLoop.utilization > maxUtilization;
    const full = inFlight() > maxInFlight;
    if ((!late && !full) || isProbe(req.path)) next();
    else if (full) next(shed('in-flight', `${maxInFlight} requests are in flight already; try again later.`));
    else next(shed('event-loop', 'The event loop is late; try again later.'));
  };

  function shed(by: string, detail: string): Problem {
    metrics.shed.inc({ by });
    return new Problem('overloaded', { detail, headers: { 'Retry-After': String(RETRY_AFTER_S) } });
  }
}
