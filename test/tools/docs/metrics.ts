import { Registry, type Metric } from '@prometheus-io/client';
import { pino } from 'pino';
import ts from 'typescript';
import { readConfig } from '../../../src/config/config.ts';
import type { InFlight } from '../../../src/http/in-flight.ts';
import type { HttpServer } from '../../../src/http/server.ts';
import { ClusterMetrics } from '../../../src/primary/cluster-metrics.ts';
import { EventLog } from '../../../src/primary/event-log.ts';
import { openCounter } from '../../../src/rate-limit/open-counter.ts';
import { Management, type Supervision } from '../../../src/supervision/management.ts';
import type { LogDestination } from '../../../src/telemetry/log-destination.ts';
import { addNodeMetrics } from '../../../src/telemetry/metrics.ts';
import { MetricsReader } from '../../../src/telemetry/metrics-reader.ts';
import { addWorkerMetrics } from '../../../src/worker/worker-metrics.ts';
import { createTestApp } from '../../support/app.ts';
import { testEnvironment } from '../../support/environment.ts';
import { parsedSources } from './read-log-events.ts';

export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** How the values of several workers are combined. */
  readonly over: string;
  readonly help: string;
}

/** Every metric of the service, except those of any Node.js process. */
export async function readMetrics(): Promise<MetricDescription[]> {
  await using service = await createTestApp();
  const log = pino({ enabled: false });
  const { registry } = service.metrics;
  addWorkerMetrics({
    metrics: service.metrics,
    inFlight: {} as InFlight,
    server: {} as HttpServer,
    destination: {} as LogDestination,
  });
  new MetricsReader({ registry, log });
  const primary = new ClusterMetrics({
    workers: () => [],
    events: new EventLog(log),
    log,
    destination: { dropped: 0 },
  });
  const config = readConfig({ ...testEnvironment, WORKERS: '2', REDIS_URL: '' });
  await openCounter({ config, log, registry: primary.registry });
  new Management({ config, log, registry: primary.registry, supervision: {} as Supervision });
  const ofNode = new Set(readNodeMetrics().map(({ name }) => name));
  const own = [...describe(registry), ...describe(primary.registry)].filter(
    ({ name }) => !ofNode.has(name.replace(/^primary_/, '')),
  );
  return [...new Map(own.map((metric) => [metric.name, metric])).values()];
}

/** The names of all metrics that the source creates, also of those that only some configurations have. */
export function readMetricNames(): Set<string> {
  const names = new Set<string>();
  for (const source of parsedSources()) {
    if (!/'@prometheus-io\/client'|\/metrics\.ts'/.test(source.text)) continue;
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteral(node) && /^[a-z]+(_[a-z]+)+$/.test(node.text) && isName(node))
        names.add(node.text);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return names;
}

/** Whether a text is an argument of a function or a property `name`. */
function isName({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent) || (ts.isPropertyAssignment(parent) && parent.name.getText() === 'name');
}

/** The metrics of any Node.js process, as far as this platform has them. */
export function readNodeMetrics(): MetricDescription[] {
  const registry = new Registry();
  addNodeMetrics(registry);
  return describe(registry);
}

function describe(registry: Registry): MetricDescription[] {
  return registry
    .getMetricsAsArray()
    .map((metric) => {
      const { name, help } = metric;
      // Properties that the package does not declare.
      const { labelNames, aggregator } = metric as unknown as {
        labelNames: string[];
        aggregator: string;
      };
      return { name, help, type: typeOf(metric), labels: labelNames, over: aggregator };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function typeOf(metric: Metric | { readonly type: unknown }): string {
  return String((metric as { readonly type: unknown }).type);
}
