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
  /** Responses that were not what their route declares. */
  readonly responseMismatches: Counter<'route'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
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
    responseMismatches: new Counter({
      name: 'http_response_mismatches_total',
      help: 'Responses from which something undeclared was removed, or that have another type than declared, by route.',
      labelNames: ['route'],
      registers: [registry],
    }),
  };
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
