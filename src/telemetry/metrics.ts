import { performance } from 'node:perf_hooks';
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type Aggregator,
} from '@prometheus-io/client';

/** The metrics of one process. The primary aggregates those of all workers. */
export interface Metrics {
  readonly registry: Registry;
  /** Duration of requests in seconds by route pattern, method and status. */
  readonly requestDuration: Histogram<'method' | 'route' | 'status'>;
  /** Requests rejected with 503, by the layer or resource that rejected them. */
  readonly shed: Counter<'by'>;
  /** Requests rejected by the HTTP parser, by error code. */
  readonly parserErrors: Counter<'code'>;
  /** Responses that are incomplete, by who closed the connection. */
  readonly responsesAborted: Counter<'by'>;
  /** Spans that have ended, by what became of them. */
  readonly spans: Counter<'outcome'>;
  /** Responses that were not what their route declares. */
  readonly responseMismatches: Counter<'route'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  addNodeMetrics(registry);
  return {
    registry,
    requestDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests by route pattern, method and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
    shed: new Counter({
      name: 'http_requests_shed_total',
      help: 'Requests rejected with 503 because the worker was overloaded, by what rejected them.',
      labelNames: ['by'],
      registers: [registry],
    }),
    parserErrors: new Counter({
      name: 'http_parser_errors_total',
      help: 'Requests rejected by the HTTP parser, by error code.',
      labelNames: ['code'],
      registers: [registry],
    }),
    responsesAborted: new Counter({
      name: 'http_responses_aborted_total',
      help: 'Incomplete responses, by who closed the connection: client, or service (error, deadline, handler).',
      labelNames: ['by'],
      registers: [registry],
    }),
    spans: new Counter({
      name: 'trace_spans_total',
      help: 'Ended spans by outcome: exported, not-sampled, failed (the receiver did not take them), dropped (too many at once).',
      labelNames: ['outcome'],
      registers: [registry],
    }),
    responseMismatches: new Counter({
      name: 'http_response_mismatches_total',
      help: 'Responses from which something undeclared was removed, or that have another type than declared, by route.',
      labelNames: ['route'],
      registers: [registry],
    }),
  };
}

/**
 * Metrics of the package whose names or types break the conventions of Prometheus (`promtool check metrics`). The totals
 * are sums of their labeled siblings; event-loop utilization is the rate of `nodejs_eventloop_time_seconds_total`.
 */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
];
/** The package samples the utilization with a timer that cannot be turned off: the longest interval there is. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Adds the metrics of any Node.js process.
 *
 * @param prefix of their names, if another process exports the same ones
 */
export function addNodeMetrics(registry: Registry, prefix = ''): void {
  collectDefaultMetrics({ register: registry, prefix, eventLoopUtilizationTimeout: NEVER_MS });
  for (const name of misnamed) registry.removeSingleMetric(prefix + name);
  new Counter({
    name: `${prefix}nodejs_eventloop_time_seconds_total`,
    help: 'Time that the event loop was active (ran code) or idle (waited for events).',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { active, idle } = performance.eventLoopUtilization();
      this.reset();
      this.inc({ state: 'active' }, active / 1000);
      this.inc({ state: 'idle' }, idle / 1000);
    },
  });
}

/**
 * Adds a gauge that is read when metrics are collected.
 *
 * @param aggregator how the primary combines the values of several workers: their sum, or `max` if all workers read one
 *   shared resource, which a sum would count several times
 * @example
 * addGauge(metrics.registry, 'orders_queued', 'Orders waiting to be shipped.', () => queue.size);
 */
export function addGauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | Promise<number>,
  aggregator: Aggregator = 'sum',
): void {
  new Gauge({
    name,
    help,
    aggregator,
    registers: [registry],
    async collect() {
      this.set(await read());
    },
  });
}

/** Adds a counter of a total that is maintained elsewhere and never falls; read when metrics are collected. */
export function addCounter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      const total = read();
      this.reset();
      this.inc(total);
    },
  });
}
