import type { ServerFigures, ServerSample } from './scenario.ts';

const EVERY_MS = 250;
/** The text of all metrics costs each worker something: it is asked for less often. */
const METRICS_EVERY_MS = 1_000;

interface WorkerView {
  readonly state: string;
  readonly report?: {
    readonly vitals: {
      readonly eventLoop: { readonly utilization: number; readonly maxDelayMs: number };
      readonly cpuPercent: number;
      readonly rssBytes: number;
    };
  };
}

/** Asks the management port again and again how the server feels. */
export class Sampler {
  readonly samples: ServerSample[] = [];
  readonly #url: string;
  readonly #now: () => number;
  readonly #stopped = new AbortController();
  #metrics: { inFlight: number; shed: number } | undefined;

  /** @param now the seconds since the variant began */
  constructor(managementUrl: string, now: () => number) {
    this.#url = managementUrl;
    this.#now = now;
    void this.#repeat(EVERY_MS, () => this.#sampleWorkers());
    void this.#repeat(METRICS_EVERY_MS, () => this.#sampleMetrics());
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      // A server that is stopped, blocked or restarting gives no answer: then there is a gap in the chart.
      await work().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  async #sampleWorkers(): Promise<void> {
    const { workers } = JSON.parse(await this.#get('/workers')) as { workers: WorkerView[] };
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
    });
  }

  async #sampleMetrics(): Promise<void> {
    const text = await this.#get('/metrics');
    this.#metrics = {
      inFlight: sumOf(text, 'http_requests_in_flight'),
      shed: sumOf(text, 'http_requests_shed_total'),
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

/** What the samples of a phase come to; null without any. */
export function summarizeServer(
  samples: readonly ServerSample[],
  fromS: number,
  toS: number,
): ServerFigures | null {
  // The vitals of a moment tell of the half second before it.
  const within = samples.filter(({ atS }) => atS > fromS + 0.25 && atS <= toS + 0.5);
  if (within.length === 0) return null;
  return {
    peakRssBytes: Math.max(...within.map(({ rssBytes }) => rssBytes)),
    maxDelayMs: Math.max(...within.map(({ maxDelayMs }) => maxDelayMs)),
    cpuPercent: Math.round(within.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0) / within.length),
  };
}
