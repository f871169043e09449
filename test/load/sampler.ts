import type { ClusterView } from '../../src/supervision/supervision.ts';
import type { DatabaseSample, ServerFigures, ServerSample } from './scenario.ts';

const EVERY_MS = 250;
/** Collecting metrics costs each worker some time, so they are sampled less often. */
const METRICS_EVERY_MS = 1_000;

/** Samples the vitals of the server from its management port. */
export class Sampler {
  readonly samples: ServerSample[] = [];
  readonly #url: string;
  readonly #now: () => number;
  readonly #stopped = new AbortController();
  #metrics: { inFlight: number; shed: number; database: DatabaseSample } | undefined;

  /** @param now returns the seconds since the variant began */
  constructor(managementUrl: string, now: () => number) {
    this.#url = managementUrl;
    this.#now = now;
  }

  start(): void {
    void this.#repeat(EVERY_MS, () => this.#sampleWorkers());
    void this.#repeat(METRICS_EVERY_MS, () => this.#sampleMetrics());
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      // A stopped, blocked or restarting server does not respond: the chart then has a gap.
      await work().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  async #sampleWorkers(): Promise<void> {
    const { workers } = JSON.parse(await this.#get('/workers')) as ClusterView;
    const vitals = workers.flatMap(({ report }) => (report === undefined ? [] : [report.vitals]));
    if (vitals.length === 0 || this.#stopped.signal.aborted) return;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    this.samples.push({
      atS: this.#now(),
      rssBytes: sum(vitals.map(({ rssBytes }) => rssBytes)),
      cpuPercent: Math.round(sum(vitals.map(({ cpuPercent }) => cpuPercent))),
      maxDelayMs: Math.max(...vitals.map(({ eventLoop }) => eventLoop.maxDelayMs)),
      utilization: Math.max(...vitals.map(({ eventLoop }) => eventLoop.utilization)),
      workers: workers.filter(({ state }) => state === 'ready').length,
      inFlight: this.#metrics?.inFlight ?? null,
      shed: this.#metrics?.shed ?? null,
      database: this.#metrics?.database ?? null,
    });
  }

  async #sampleMetrics(): Promise<void> {
    const text = await this.#get('/metrics');
    this.#metrics = {
      inFlight: sumOf(text, 'http_requests_in_flight'),
      shed: sumOf(text, 'http_requests_shed_total'),
      database: {
        waiting: sumOf(text, 'database_waiting'),
        waits: sumOf(text, 'database_connection_wait_seconds_count'),
        waitSeconds: sumOf(text, 'database_connection_wait_seconds_sum'),
      },
    };
  }

  async #get(path: string): Promise<string> {
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(6_000)]);
    const response = await fetch(this.#url + path, { signal });
    return response.text();
  }
}

/** The sum of a metric over all its labels: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function sumOf(text: string, metric: string): number {
  return [...text.matchAll(new RegExp(`^${metric}(?:\\{.*\\})? ([^ \\n]+)`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );
}

/** Summarizes the samples of a phase; null if there are none. */
export function summarizeServer(
  samples: readonly ServerSample[],
  fromS: number,
  toS: number,
): ServerFigures | null {
  // Vitals cover the half second before their sample.
  const within = samples.filter(({ atS }) => atS > fromS + 0.25 && atS <= toS + 0.5);
  if (within.length === 0) return null;
  return {
    peakRssBytes: Math.max(...within.map(({ rssBytes }) => rssBytes)),
    maxDelayMs: Math.max(...within.map(({ maxDelayMs }) => maxDelayMs)),
    cpuPercent: Math.round(within.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0) / within.length),
    ...summarizeDatabase(within.filter(({ atS }) => atS > fromS + METRICS_EVERY_MS / 1000)),
  };
}

/** @param samples those with metrics of the phase itself */
function summarizeDatabase(
  samples: readonly ServerSample[],
): Pick<ServerFigures, 'databaseWaitMs' | 'databaseWaiting'> {
  const figures = samples.flatMap(({ database }) => (database === null ? [] : [database]));
  const [first, last] = [figures[0], figures.at(-1)];
  if (first === undefined || last === undefined || last.waits === first.waits) return {};
  return {
    databaseWaitMs: (1000 * (last.waitSeconds - first.waitSeconds)) / (last.waits - first.waits),
    databaseWaiting: Math.max(...figures.map(({ waiting }) => waiting)),
  };
}
