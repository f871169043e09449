/** What a scenario is, and the results of running one. */

/** A request that a load repeats. */
export interface RequestSpec {
  /** Relative to the address of the service. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly body?: string;
}

/**
 * How requests are sent. `closed`: each connection sends its next request after the previous response, so a slow
 * service slows its own load down. `open`: requests are sent at a rate, regardless of responses, as by many
 * independent clients. `readers`: each reads one large response slowly.
 */
export type Load = { readonly request: RequestSpec } & (
  | { readonly model: 'closed'; readonly connections: number }
  | {
      readonly model: 'open';
      /** Requests per second, or a multiple of the capacity that an earlier phase measured. */
      readonly rate: number | { readonly times: number };
    }
  | { readonly model: 'readers'; readonly readers: number; readonly bytesPerSecond: number }
);

/** A load whose rate is a number. */
export type FixedLoad = Exclude<Load, { model: 'open' }> | (Load & { readonly rate: number });

/** The load that the report is about; others run next to it. */
export const MAIN = 'main';
/** `GET /livez` at a constant rate: the latency that unrelated clients see. Every variant has it. */
export const PROBE = 'livez';

export interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** Its position on the x axis of a curve. */
  readonly x?: number;
  readonly loads: Readonly<Record<string, Load>>;
  /** Makes its goodput the capacity; the highest if several phases of a variant measure it. */
  readonly measures?: 'capacity';
  /** Repeated during the phase, as often as it fits. */
  readonly repeats?: 'reload' | 'restart';
  /** Stops reading the log of the service for the time of the phase. */
  readonly logReader?: 'stalled';
}

/** One way to run the scenario; a scenario compares its variants. */
export interface Variant {
  readonly name: string;
  /** Variables of the service; all others have their default. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A module to load before the service, relative to this folder. */
  readonly preload?: string;
  /** The warm-up request. Defaults to the first main load. */
  readonly warmUp?: RequestSpec;
  /** Requests per second to `/livez`. */
  readonly probeRate?: number;
  readonly phases: readonly Phase[];
}

/** What the chart of the scenario shows. */
export type LessonChart = {
  readonly yLabel: string;
  readonly logarithmic?: true;
  /** Unit of the y axis. */
  readonly unit: Unit;
} & (
  | {
      readonly kind: 'curve';
      readonly xLabel: string;
      readonly xUnit: Unit;
      /** Defaults to the `x` of the phase. */
      readonly x?: (phase: PhaseRun) => number | undefined;
      readonly y: (phase: PhaseRun, variant: VariantRun) => number | undefined;
    }
  | { readonly kind: 'time'; readonly points: (variant: VariantRun) => readonly Point[] }
);

export type Unit = 'ms' | 'per second' | 'bytes' | 'share' | 'count' | 'times';

/** A bound on a ratio or a count within one run: absolute times depend on the machine. */
export interface Threshold {
  readonly what: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** The bound of a short run, which has few requests and is noisy. */
  readonly short?: number;
  readonly unit: Unit;
  /** Returns undefined if the run does not have the figures, for example because it used a running service. */
  readonly measure: (run: ScenarioRun) => number | undefined;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly teaches: string;
  /** The curve to expect. */
  readonly expects: string;
  /** Whether its variants differ by settings only: a running service can show just one of them. */
  readonly bySettings?: true;
  readonly variants: (short: boolean) => readonly Variant[];
  readonly chart: LessonChart;
  readonly thresholds: readonly Threshold[];
  /** Describes the figures of a run. */
  readonly conclude: (run: ScenarioRun) => string;
}

/** The requests of one load in one phase. Latencies are in milliseconds. */
export interface Figures {
  readonly sent: number;
  /** 2xx within the client timeout. */
  readonly ok: number;
  /** 2xx after the client timeout. */
  readonly late: number;
  /** 503. */
  readonly shed: number;
  /** 429. */
  readonly limited: number;
  /** Any other status. */
  readonly other: number;
  /** Requests without a complete response. */
  readonly failed: number;
  /** `ok` per second. */
  readonly goodput: number;
  readonly sentPerSecond: number;
  /** Percentiles of 2xx and failed requests; a failed one counts with the time until it failed. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  /** The 99th percentile of how late requests were sent, because the load generator lacked CPU time. */
  readonly lagP99: number;
}

export interface ServerFigures {
  readonly peakRssBytes: number;
  readonly maxDelayMs: number;
  readonly cpuPercent: number;
  /** Mean time that statements waited for a database connection; missing if none ran. */
  readonly databaseWaitMs?: number;
  /** Most statements that a sample found waiting for a database connection, in all workers. */
  readonly databaseWaiting?: number;
}

export interface PhaseRun {
  readonly name: string;
  readonly x?: number;
  /** On the time axis of its variant, which has no pauses between phases. */
  readonly fromS: number;
  readonly toS: number;
  readonly streams: Readonly<Record<string, Figures>>;
  readonly server: ServerFigures | null;
}

/** The requests that were sent in a short time window. */
export interface Window extends Figures {
  readonly atS: number;
}

export interface ServerSample {
  readonly atS: number;
  /** Sum over all workers. */
  readonly rssBytes: number;
  readonly cpuPercent: number;
  /** Maximum over all workers. */
  readonly maxDelayMs: number;
  readonly utilization: number;
  readonly workers: number;
  readonly inFlight: number | null;
  readonly shed: number | null;
  readonly database: DatabaseSample | null;
}

/** Waits for a database connection: how many there are now, and the number and length of all so far. */
export interface DatabaseSample {
  readonly waiting: number;
  readonly waits: number;
  readonly waitSeconds: number;
}

export interface Mark {
  readonly atS: number;
  readonly what: string;
}

export interface VariantRun {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly phases: readonly PhaseRun[];
  readonly windows: Readonly<Record<string, readonly Window[]>>;
  readonly server: readonly ServerSample[];
  readonly marks: readonly Mark[];
  readonly notes: readonly string[];
}

/** All variants of a run. */
export interface ScenarioRun {
  readonly variants: readonly VariantRun[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function variantOf(run: ScenarioRun, variant: string): VariantRun | undefined {
  return run.variants.find(({ name }) => name === variant);
}

/** The figures of a load in a phase; undefined if it was not run. */
export function figuresOf(
  run: ScenarioRun,
  variant: string,
  phase: string,
  stream = MAIN,
): Figures | undefined {
  return variantOf(run, variant)?.phases.find(({ name }) => name === phase)?.streams[stream];
}

/** A figure of the main load, summed over all phases of a variant. */
export function sumOverPhases(
  run: ScenarioRun,
  variant: string,
  figure: 'failed' | 'sent',
): number | undefined {
  return variantOf(run, variant)?.phases.reduce(
    (sum, { streams }) => sum + (streams[MAIN]?.[figure] ?? 0),
    0,
  );
}

/** The p99 of a load by time, without the windows that have none. */
export function p99ByTime({ windows }: VariantRun, stream: string): Point[] {
  return (windows[stream] ?? []).flatMap(({ atS, p99 }) => (p99 === null ? [] : [{ x: atS, y: p99 }]));
}

/** `a / b`; undefined if one is missing or `b` is 0. */
export function ratio(a: number | null | undefined, b: number | null | undefined): number | undefined {
  return a === undefined || a === null || b === undefined || b === null || b === 0 ? undefined : a / b;
}
