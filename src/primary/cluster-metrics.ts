import { Counter, Gauge, Registry } from '@prometheus-io/client';
import type { Logger } from 'pino';
import { eventNames } from '../supervision/supervision.ts';
import { addDroppedLines, type LogDestination } from '../telemetry/log-destination.ts';
import { addNodeMetrics } from '../telemetry/metrics.ts';
import { MetricsReader, type MetricsJson } from '../telemetry/metrics-reader.ts';
import type { EventLog } from './event-log.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** A worker that has not replied by then is left out, and named. */
const COLLECT_TIMEOUT_MS = 1_000;

interface ClusterMetricsOptions {
  readonly workers: () => readonly WorkerHandle[];
  readonly events: EventLog;
  readonly log: Logger;
  readonly destination: Pick<LogDestination, 'dropped'>;
}

/**
 * The metrics of all workers, aggregated, and the primary's own.
 *
 * An unresponsive worker does not fail the collection: its last known counters are used, and a gauge names it. (The
 * package's own `clusterMetrics()` rejects: https://github.com/prometheus/client_js/pull/850.) Counters of workers
 * that have exited are still included, so that totals never fall.
 */
export class ClusterMetrics {
  /** The primary's own metrics. */
  readonly registry = new Registry();
  readonly #options: ClusterMetricsOptions;
  readonly #own: MetricsReader;
  readonly #silent: Gauge<'worker'>;
  #retired: Promise<MetricsJson> = Promise.resolve([]);
  #collections = 0;

  constructor(options: ClusterMetricsOptions) {
    this.#options = options;
    const { registry } = this;
    this.#own = new MetricsReader({ registry, log: options.log });
    addNodeMetrics(registry, 'primary_');
    addDroppedLines(registry, options.destination);
    const registers = [registry];
    const eventCounter = new Counter({
      name: 'supervision_events_total',
      help: 'Supervision events: workers forked, ready, crashed, replaced and so on.',
      labelNames: ['event'],
      registers,
    });
    // Without a first 0 the rate of a counter does not include its first event.
    for (const event of eventNames) eventCounter.inc({ event }, 0);
    for (const { event } of options.events.latest) eventCounter.inc({ event });
    options.events.subscribe(({ event }) => eventCounter.inc({ event }));
    new Gauge({
      name: 'supervision_workers',
      help: 'Workers by state.',
      labelNames: ['state'],
      registers,
      collect() {
        this.reset();
        for (const state of ['starting', 'ready', 'draining'] as const) this.set({ state }, 0);
        for (const { state } of options.workers()) this.inc({ state });
      },
    });
    this.#silent = new Gauge({
      name: 'supervision_worker_silent',
      help: '1 for a worker that did not reply to the last collection of metrics.',
      labelNames: ['worker'],
      registers,
    });
  }

  /** @returns the metrics in Prometheus text format */
  async collect(): Promise<string> {
    this.#collections += 1;
    const id = this.#collections;
    // Read at the same moment: a worker that exits during the collection counts as running.
    const retired = this.#retired;
    const workers = this.#options.workers().filter(({ state }) => state !== 'starting');
    this.#silent.reset();
    const collected = await Promise.all(
      workers.map(async (worker) => {
        const metrics = await worker.collectMetrics(id, COLLECT_TIMEOUT_MS);
        if (metrics === undefined) this.#silent.set({ worker: worker.id }, 1);
        return metrics === undefined ? totalsOf(worker.metrics) : withoutQuantiles(metrics);
      }),
    );
    return Registry.aggregate([await retired, ...collected, await this.#own.read()]).metrics();
  }

  /** Keeps the totals of a worker that has exited. */
  retire(worker: WorkerHandle): void {
    const totals = totalsOf(worker.metrics);
    if (totals.length === 0) return;
    this.#retired = this.#retired.then((before) => Registry.aggregate([before, totals]).getMetricsAsJSON());
  }
}

/** All but gauges: that of an exited process means nothing. */
function totalsOf(metrics: MetricsJson = []): MetricsJson {
  return withoutQuantiles(metrics.filter(({ type }) => type !== 'gauge'));
}

/** Quantiles of several processes cannot be added up; the sum and the count of a summary, which have own names, can. */
function withoutQuantiles(metrics: MetricsJson): MetricsJson {
  return metrics.map((metric) =>
    metric.type === 'summary'
      ? { ...metric, values: metric.values.filter((value) => 'metricName' in value) }
      : metric,
  );
}
