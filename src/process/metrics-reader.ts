import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, type MetricObjectWithValues, type MetricValue, type Registry } from '@prometheus-io/client';
import type { Logger } from './logger.ts';

/** What metrics held when they were read; it can be sent to another process and be added up there. */
export type MetricsJson = MetricObjectWithValues<MetricValue<string>>[];

interface MetricsReaderOptions {
  readonly registry: Registry;
  readonly log: Logger;
}

/** Less than a primary waits for a worker's metrics, and less than a stop has for its last words. */
const READ_TIMEOUT_MS = 400;

/**
 * Reads the metrics of a process, each by itself: a gauge that asks a database asks one that may be away.
 *
 * One that throws, rejects or takes too long is left out, and counted; the log says so once, until it works again.
 */
export class MetricsReader {
  readonly #options: MetricsReaderOptions;
  readonly #failures: Counter<'metric'>;
  readonly #failing = new Set<string>();

  constructor(options: MetricsReaderOptions) {
    this.#options = options;
    this.#failures = new Counter({
      name: 'metric_failures_total',
      help: 'How often a metric could not be read and was left out.',
      labelNames: ['metric'],
      registers: [options.registry],
    });
  }

  /** Never rejects. */
  async read(): Promise<MetricsJson> {
    const timeout = sleep(READ_TIMEOUT_MS, undefined, { ref: false });
    const metrics = this.#options.registry.getMetricsAsArray();
    return (await Promise.all(metrics.map(({ name }) => this.#readOne(name, timeout)))).flat();
  }

  async #readOne(name: string, timeout: Promise<void>): Promise<MetricsJson> {
    const { registry, log } = this.#options;
    try {
      const metric = await Promise.race([registry.getSingleMetric(name)?.get(), timeout]);
      if (metric === undefined) throw new Error(`it took more than ${READ_TIMEOUT_MS} ms`);
      this.#failing.delete(name);
      return [metric];
    } catch (err) {
      this.#failures.inc({ metric: name });
      if (!this.#failing.has(name))
        log.warn({ event: 'metric-failed', metric: name, err }, 'a metric could not be read');
      this.#failing.add(name);
      return [];
    }
  }
}
