/** What a scenario is, and what comes out of running one. */

/** One request, as it is sent again and again. */
export interface Shot {
  /** Below the address of the service. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * How requests are made. `closed`: each connection sends its next request when it has its answer, so a slow service
 * slows its own load down. `open`: requests are made at a rate whatever becomes of them, as those of many independent
 * clients are. `readers`: each takes one large answer, slowly.
 */
export type Load = { readonly shot: Shot } & (
  | { readonly model: 'closed'; readonly connections: number }
  | {
      readonly model: 'open';
      /** Requests a second, or a multiple of the capacity that an earlier phase has measured. */
      readonly rate: number | { readonly times: number };
    }
  | { readonly model: 'readers'; readonly readers: number; readonly bytesPerSecond: number }
);

/** A load whose rate is a number. */
export type FixedLoad = Exclude<Load, { model: 'open' }> | (Load & { readonly rate: number });

/** The load that counts in the report; others run beside it. */
export const MAIN = 'main';
/** `GET /livez` at a steady rate: what a bystander feels. Every variant has it. */
export const PROBE = 'livez';

export interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** Its place on the curve of the scenario, where that is not drawn over time. */
  readonly x?: number;
  readonly loads: Readonly<Record<string, Load>>;
  /** Its throughput of answers in time counts as the capacity; of several such phases of a variant, the best. */
  readonly measures?: 'capacity';
  /** Done again and again, as often as fits in: to the whole service. */
  readonly meanwhile?: 'reload' | 'restart';
  /** Whether whoever reads the log of the service has stopped reading. */
  readonly logReader?: 'stalled';
}

/** One way to run the scenario; two of them are a contrast. */
export interface Variant {
  readonly name: string;
  /** Variables of the program; those not named have their default. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A module that is loaded before the program, below this folder. */
  readonly preload?: string;
  /** What the program is warmed up with; the first main load where nothing is said. */
  readonly warmUp?: Shot;
  /** Requests to `/livez` a second. */
  readonly probeRate?: number;
  readonly phases: readonly Phase[];
}

/** What the lesson is drawn as. */
export type LessonChart = {
  readonly yLabel: string;
  readonly logarithmic?: true;
  /** In what the figures are: it decides how ticks are written. */
  readonly unit: Unit;
} & (
  | {
      readonly kind: 'curve';
      readonly xLabel: string;
      readonly xUnit: Unit;
      readonly of: (phase: PhaseRun, variant: VariantRun) => number | undefined;
      /** Where the place on the axis is measured and not set. */
      readonly x?: (phase: PhaseRun) => number | undefined;
    }
  | { readonly kind: 'time'; readonly of: (variant: VariantRun) => readonly Point[] }
);

export type Unit = 'ms' | 'per second' | 'bytes' | 'share' | 'count' | 'times';

/** A ratio or a count within one run: no absolute time, for machines differ. */
export interface Threshold {
  readonly what: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** The bound of a short run, where few requests are made and phases are hardly longer than a hiccup. */
  readonly short?: number;
  readonly unit: Unit;
  /** Undefined where this run has not what it compares, as against a service whose settings are given. */
  readonly of: (run: RunOf) => number | undefined;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly teaches: string;
  /** The curve to expect, in one sentence. */
  readonly expects: string;
  /** Whether its variants differ by settings alone: then a running service can show only one of them. */
  readonly bySettings?: true;
  readonly variants: (short: boolean) => readonly Variant[];
  readonly chart: LessonChart;
  readonly thresholds: readonly Threshold[];
  /** What was seen, in one sentence made from the figures. */
  readonly concludes: (run: RunOf) => string;
}

/** What one kind of requests came to in one phase. Latencies in milliseconds. */
export interface Figures {
  readonly sent: number;
  /** Answers 2xx that came within the patience of the client. */
  readonly ok: number;
  /** Answers 2xx that came too late. */
  readonly late: number;
  /** 503. */
  readonly shed: number;
  /** 429. */
  readonly limited: number;
  /** Any other answer. */
  readonly other: number;
  /** Requests without a whole answer. */
  readonly failed: number;
  /** Answers 2xx in time, for each second of the phase. */
  readonly goodput: number;
  readonly sentPerSecond: number;
  /** Of answers 2xx; a request that nobody answered counts with the time until it was given up. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  /** How late the load itself was for one request in a hundred: a busy machine, not a slow service. */
  readonly lagP99: number;
}

export interface ServerFigures {
  readonly peakRssBytes: number;
  readonly maxDelayMs: number;
  readonly cpuPercent: number;
}

export interface PhaseRun {
  readonly name: string;
  readonly x?: number;
  /** On the time axis of its variant, which has no waits between phases. */
  readonly fromS: number;
  readonly toS: number;
  readonly streams: Readonly<Record<string, Figures>>;
  readonly server: ServerFigures | null;
}

/** What came to pass in a short stretch of time, by when requests were made. */
export interface Window extends Figures {
  readonly atS: number;
}

export interface ServerSample {
  readonly atS: number;
  /** Of all workers together. */
  readonly rssBytes: number;
  readonly cpuPercent: number;
  /** Of the worker that is worst off. */
  readonly maxDelayMs: number;
  readonly utilization: number;
  readonly workers: number;
  readonly inFlight: number | null;
  readonly shed: number | null;
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

/** The variants of a run, by name. */
export interface RunOf {
  readonly variants: readonly VariantRun[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The figures of a load in a phase, by names; undefined where it was not run. */
export function figuresOf(run: RunOf, variant: string, phase: string, stream = MAIN): Figures | undefined {
  return run.variants.find(({ name }) => name === variant)?.phases.find(({ name }) => name === phase)
    ?.streams[stream];
}

/** One figure divided by another; undefined where one is missing. */
export function ratio(a: number | null | undefined, b: number | null | undefined): number | undefined {
  return a === undefined || a === null || b === undefined || b === null || b === 0 ? undefined : a / b;
}
