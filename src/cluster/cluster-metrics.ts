import { collectDefaultMetrics, Counter, Gauge, Registry } from '@prometheus-io/client';
import type { Logger } from '../process/logger.ts';
import { MetricsReader, type MetricsJson } from '../process/metrics-reader.ts';
import type { EventLog } from './events.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** A worker that has not answered by then is left out, and named. */
const COLLECT_TIMEOUT_MS = 1_000;

interface ClusterMetricsOptions {
  readonly workers: () => readonly WorkerHandle[];
  readonly events: EventLog;
  readonly log: Logger;
}

/**
 * The metrics of all workers, added up, and the primary's own.
 *
 * A silent worker never makes the whole fail: the others are counted, its last known sums stand in for it, and it is
 * named. The sums of workers that are gone go on being counted, so that counters never fall.
 */
export class ClusterMetrics {
  readonly #options: ClusterMetricsOptions;
  readonly #own: MetricsReader;
  readonly #silent: Gauge<'worker'>;
  #retired: Promise<MetricsJson> = Promise.resolve([]);
  #collections = 0;

  constructor(options: ClusterMetricsOptions) {
    this.#options = options;
    const registry = new Registry();
    this.#own = new MetricsReader({ registry, log: options.log });
    collectDefaultMetrics({ register: registry, prefix: 'primary_' });
    const registers = [registry];
    const eventCounter = new Counter({
      name: 'supervision_events_total',
      help: 'What happened to workers: forked, ready, crashed, replaced and so on.',
      labelNames: ['event'],
      registers,
    });
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
      help: '1 for a worker that did not answer when metrics were collected.',
      labelNames: ['worker'],
      registers,
    });
  }

  /** @returns Prometheus text */
  async collect(): Promise<string> {
    this.#collections += 1;
    const id = this.#collections;
    // Of the same moment: a worker that ends while others are asked counts as one that was there.
    const retired = this.#retired;
    const workers = this.#options.workers().filter(({ state }) => state !== 'starting');
    this.#silent.reset();
    const collected = await Promise.all(
      workers.map(async (worker) => {
        const metrics = await worker.collectMetrics(id, COLLECT_TIMEOUT_MS);
        if (metrics === undefined) this.#silent.set({ worker: worker.id }, 1);
        return metrics ?? sumsOf(worker.metrics);
      }),
    );
    return Registry.aggregate([await retired, ...collected, await this.#own.read()]).metrics();
  }

  /** Keeps counting what a worker that is gone had counted. */
  retire(worker: WorkerHandle): void {
    const sums = sumsOf(worker.metrics);
    if (sums.length === 0) return;
    this.#retired = this.#retired.then((before) => Registry.aggregate([before, sums]).getMetricsAsJSON());
  }
}

/** Counters and histograms; a gauge of a process that is gone means nothing. */
function sumsOf(metrics: MetricsJson = []): MetricsJson {
  return metrics.filter(({ type }) => type === 'counter' || type === 'histogram');
}
