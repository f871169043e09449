import { pino } from 'pino';
import type { InFlight } from '../../../src/http/in-flight.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { ClusterMetrics } from '../../../src/primary/cluster-metrics.ts';
import { EventLog } from '../../../src/primary/event-log.ts';
import type { LogDestination } from '../../../src/telemetry/log-destination.ts';
import { MetricsReader } from '../../../src/telemetry/metrics-reader.ts';
import { addWorkerMetrics } from '../../../src/worker/worker-metrics.ts';
import { createTestApp } from '../../support/app.ts';

interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly help: string;
}

/** Every metric of the service, except those that the metrics package collects about any Node.js process. */
export async function readMetrics(): Promise<MetricDescription[]> {
  await using service = await createTestApp();
  const log = pino({ enabled: false });
  const { metrics } = service;
  addWorkerMetrics({
    metrics,
    inFlight: {} as InFlight,
    server: {} as HttpServer,
    destination: {} as LogDestination,
  });
  new MetricsReader({ registry: metrics.registry, log });
  const primary = new ClusterMetrics({
    workers: () => [],
    events: new EventLog(log),
    log,
    destination: { dropped: 0 },
  });
  const ofPrimary = [...(await primary.collect()).matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) => ({ name, type, help }),
  );
  const ofWorkers = metrics.registry.getMetricsAsArray().map(({ name, help, type }) => ({
    name,
    type,
    help,
  }));
  const own = [...ofWorkers, ...ofPrimary].filter(({ name }) => !/^(primary_)?(nodejs|process)_/.test(name));
  return [...new Map(own.map((metric) => [metric.name, metric])).values()].sort((a, b) =>
    a.name.localeCompare(b.name),
  );
}
