import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type Aggregator,
} from '@prometheus-io/client';

/** The metrics of one process. Workers fill theirs; the primary adds them up. */
export interface Metrics {
  readonly registry: Registry;
  /** Duration of requests in seconds by route pattern, method and status. */
  readonly requestDuration: Histogram<'method' | 'route' | 'status'>;
  /** Requests that were shed, by the layer or resource that refused them. */
  readonly shed: Counter<'by'>;
  /** What came and was no request, by the parser's code. */
  readonly unreadable: Counter<'code'>;
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
      help: 'Requests answered 503 because this worker was too busy, by what refused them.',
      labelNames: ['by'],
      registers: [registry],
    }),
    unreadable: new Counter({
      name: 'http_requests_unreadable_total',
      help: 'Requests that could not be read, by the code of the parser.',
      labelNames: ['code'],
      registers: [registry],
    }),
  };
}

/**
 * A gauge that is read when metrics are collected.
 *
 * @param aggregator what is made of the values of several workers: their sum, or 'max' where all of them read one shared
 *   thing, whose sum would be as many times too high
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

/** A counter of what is counted elsewhere, read when metrics are collected: a total of this process that never falls. */
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
