import type { Figures, Window } from './scenario.ts';

/** The result of one request. */
export interface Sample {
  /** When it was sent, in seconds since its variant began. */
  readonly atS: number;
  /** Time until the response was complete or the request failed. */
  readonly ms: number;
  /** 0 without a complete response. */
  readonly status: number;
  /** How late it was sent, because the load generator lacked CPU time. */
  readonly lagMs: number;
}

/** The scenarios assume that a client gives up after this. */
export const CLIENT_TIMEOUT_MS = 2_000;
export const WINDOW_S = 0.5;

/** The nearest-rank percentile of sorted values; null if there are none. */
export function percentile(sorted: readonly number[], percent: number): number | null {
  if (sorted.length === 0) return null;
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1] ?? null;
}

/** Counts requests and ranks their latencies, except of 503 and 429: a service that rejects everything would look fast. */
export function summarize(samples: readonly Sample[], seconds: number): Figures {
  const count = (fits: (sample: Sample) => boolean) => samples.filter(fits).length;
  const success = ({ status }: Sample) => status >= 200 && status < 300;
  const ok = count((sample) => success(sample) && sample.ms <= CLIENT_TIMEOUT_MS);
  const late = count((sample) => success(sample) && sample.ms > CLIENT_TIMEOUT_MS);
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

/** Summarizes each time window, for a chart over time. */
export function toWindows(samples: readonly Sample[], untilS: number): Window[] {
  const byWindow = Map.groupBy(samples, ({ atS }) => Math.floor(atS / WINDOW_S));
  return Array.from({ length: Math.ceil(untilS / WINDOW_S) }, (_, index) => ({
    atS: (index + 0.5) * WINDOW_S,
    ...summarize(byWindow.get(index) ?? [], WINDOW_S),
  }));
}

export interface Step {
  /** Requests sent per second. */
  readonly offered: number;
  /** Successful responses per second, within the client timeout. */
  readonly goodput: number;
  readonly p99: number | null;
}

/** Beyond the knee, the p99 is more than this many times that of the first step. */
const MAX_P99_RATIO = 10;
/** Beyond the knee, goodput is below this share of the offered rate. */
const MIN_GOODPUT_SHARE = 0.9;

/** The knee of a latency curve: the last step before goodput falls behind the offered rate or the p99 soars. */
export function findKnee(steps: readonly Step[]): Step | undefined {
  const idle = steps[0]?.p99 ?? undefined;
  if (idle === undefined) return undefined;
  const beyond = steps.findIndex(
    ({ offered, goodput, p99 }) =>
      goodput < MIN_GOODPUT_SHARE * offered || p99 === null || p99 > MAX_P99_RATIO * idle,
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
