/** The messages between primary and workers. */
import type { MetricsJson } from '../telemetry/metrics-reader.ts';
import type { WorkerReport } from './supervision.ts';

/** Heartbeats per timeout: this many may be lost before a worker counts as unresponsive. */
export const HEARTBEATS_PER_TIMEOUT = 5;
/** Bounds the age of a worker's report in `/workers`, and how late `/readyz` follows it. */
export const MAX_HEARTBEAT_INTERVAL_MS = 500;

/** Hits of several clients, to be counted together. */
export interface Hits {
  readonly limiter: string;
  readonly windowMs: number;
  readonly hits: readonly (readonly [key: string, times: number])[];
}

/** A client's hits in the current window, and when the window ends (ms since the epoch). */
export type HitCount = readonly [total: number, resetAt: number];

export type FromWorker =
  | { readonly type: 'ready'; readonly address: string }
  | { readonly type: 'start-failed'; readonly reason: string; readonly exitCode: number }
  | { readonly type: 'heartbeat'; readonly report: WorkerReport }
  | { readonly type: 'stopping'; readonly reason: string }
  | { readonly type: 'signal-received'; readonly signal: string }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: MetricsJson }
  | { readonly type: 'final-metrics'; readonly metrics: MetricsJson }
  | ({ readonly type: 'hits'; readonly id: number } & Hits)
  | { readonly type: 'reset-key'; readonly limiter: string; readonly key: string };

export type FromPrimary =
  | { readonly type: 'management-address'; readonly managementAddress: string }
  | { readonly type: 'drain'; readonly reason: string; readonly keepListening: boolean }
  | { readonly type: 'metrics'; readonly id: number }
  | {
      readonly type: 'hit-counts';
      readonly id: number;
      readonly limiter: string;
      readonly counts: readonly HitCount[];
    };

/** Packages may use the same channel: only messages with this mark are ours. */
const MARK = 'supervision';

export interface Envelope<T> {
  readonly from: typeof MARK;
  readonly message: T;
}

export function pack<T extends FromWorker | FromPrimary>(message: T): Envelope<T> {
  return { from: MARK, message };
}

/** @returns the message inside, or undefined if the envelope is not ours */
export function unpack<T extends FromWorker | FromPrimary>(received: unknown): T | undefined {
  const envelope = received as Partial<Envelope<T>> | null;
  return envelope?.from === MARK ? envelope.message : undefined;
}
