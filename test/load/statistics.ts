import type { Figures, Window } from './scenario.ts';

/** One request: when it was made, in seconds of its variant, and what became of it. */
export interface Sample {
  readonly atS: number;
  /** Until its answer was whole, or it was given up. */
  readonly ms: number;
  /** 0 where there was no whole answer. */
  readonly status: number;
  /** How late it was made, through no fault of the service. */
  readonly lagMs: number;
}

/** What a client waits: a later answer is no good to it. */
export const PATIENCE_MS = 2_000;
export const WINDOW_S = 0.5;

/** The nearest-rank percentile of sorted values; null where there are none. */
export function percentile(sorted: readonly number[], percent: number): number | null {
  if (sorted.length === 0) return null;
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1] ?? null;
}

/** Counts requests and ranks their latencies. A shed or limited one has no latency: it would make a bad service look quick. */
export function summarize(samples: readonly Sample[], seconds: number): Figures {
  const count = (fits: (sample: Sample) => boolean) => samples.filter(fits).length;
  const success = ({ status }: Sample) => status >= 200 && status < 300;
  const ok = count((sample) => success(sample) && sample.ms <= PATIENCE_MS);
  const late = count((sample) => success(sample) && sample.ms > PATIENCE_MS);
  const shed = count(({ status }) => status === 503);
  const limited = count(({ status }) => status === 429);
  const failed = count(({ status }) => status === 0);
  const latencies = samples
    .filter((sample) => success(sample) || sample.status === 0)
    .map(({ ms }) => ms)
    .sort(ascending);
  const lags = samples.map(({ lagMs }) => lagMs).sort(ascending);
  return {
    sent: samples.length,
    ok,
    late,
    shed,
    limited,
    other: samples.length - ok - late - shed - limited - failed,
    failed,
    goodput: round(ok / seconds),
    sentPerSecond: round(samples.length / seconds),
    p50: rounded(percentile(latencies, 50)),
    p90: rounded(percentile(latencies, 90)),
    p99: rounded(percentile(latencies, 99)),
    max: rounded(latencies.at(-1) ?? null),
    lagP99: round(percentile(lags, 99) ?? 0),
  };
}

/** The same, stretch by stretch: for a chart over time. */
export function toWindows(samples: readonly Sample[], untilS: number): Window[] {
  const byWindow = Map.groupBy(samples, ({ atS }) => Math.floor(atS / WINDOW_S));
  return Array.from({ length: Math.ceil(untilS / WINDOW_S) }, (_, index) => ({
    atS: (index + 0.5) * WINDOW_S,
    ...summarize(byWindow.get(index) ?? [], WINDOW_S),
  }));
}

export interface Step {
  /** Requests asked for, a second. */
  readonly offered: number;
  /** Requests answered in time, a second. */
  readonly goodput: number;
  readonly p99: number | null;
}

/** How many times the latency of an idle service one may have and still be on this side of the knee. */
const STEEP = 10;
const CARRIED = 0.9;

/**
 * The knee of a curve of rising load: the last step before answers stay behind requests, or before the p99 has left
 * that of the first step far behind.
 */
export function findKnee(steps: readonly Step[]): Step | undefined {
  const idle = steps[0]?.p99 ?? undefined;
  if (idle === undefined) return undefined;
  const beyond = steps.findIndex(
    ({ offered, goodput, p99 }) => goodput < CARRIED * offered || p99 === null || p99 > STEEP * idle,
  );
  return beyond === -1 ? steps.at(-1) : steps[beyond - 1];
}

export function ascending(a: number, b: number): number {
  return a - b;
}

function rounded(value: number | null): number | null {
  return value === null ? null : round(value);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
