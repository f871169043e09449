import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, type MetricObjectWithValues, type MetricValue, type Registry } from '@prometheus-io/client';
import type { Logger } from 'pino';

/** A reading of metrics that can be sent to another process and aggregated there. */
export type MetricsJson = MetricObjectWithValues<MetricValue<string>>[];

interface MetricsReaderOptions {
  readonly registry: Registry;
  readonly log: Logger;
}

/** Shorter than the primary waits for a worker's metrics, and than a shutdown leaves for the final ones. */
const READ_TIMEOUT_MS = 400;

/**
 * Reads the metrics of a process, each on its own: a gauge may depend on a database that is down.
 *
 * A metric that throws, rejects or times out is left out and counted. The log names it once, until it works again.
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
      if (metric === undefined) throw new Error(`timed out after ${READ_TIMEOUT_MS} ms`);
      this.#failing.delete(name);
      return [metric];
    } catch (err) {
      this.#failures.inc({ metric: name });
      if (!this.#failing.has(name))
        log.warn({ event: 'metric-failed', metric: name, err }, 'metric could not be read');
      this.#failing.add(name);
      return [];
    }
  }
}
