/** What primary and worker say to each other, and how a process says why it ended. */
import type { State } from '../process/lifecycle.ts';
import type { MetricsJson } from '../process/metrics-reader.ts';
import type { Vitals } from '../process/vitals.ts';

/** Exit codes, below 64 as shells use them, from 64 as `sysexits.h` does, from 80 our own. */
export const ExitCode = {
  /** A stop that was asked for. */
  ok: 0,
  /** EX_UNAVAILABLE: an address to listen on is taken or may not be used. */
  cannotListen: 69,
  /** EX_SOFTWARE: a worker could not start: a module threw, or it was not ready in time. */
  startFailed: 70,
  /** EX_CONFIG: the configuration is bad; every bad variable was named. */
  badConfig: 78,
  /** A worker ended after an exception that nobody caught. */
  uncaughtException: 80,
  /** A worker ended after a rejection that nobody handled. */
  unhandledRejection: 81,
  /** A worker ended because its primary was gone. */
  primaryGone: 82,
  /** The primary gave up: workers crashed again and again. */
  crashLoop: 83,
} as const;

/** Heartbeats in one timeout: so many may get lost before a worker counts as silent. */
export const HEARTBEATS_PER_TIMEOUT = 5;
/** The view of a worker in `/workers` should not be older than this. */
export const SLOWEST_HEARTBEAT_MS = 1_000;

/** What a worker reports of itself with every heartbeat. */
export interface WorkerReport {
  readonly state: State;
  readonly vitals: Vitals;
  readonly requests: { readonly inFlight: number; readonly total: number };
  readonly connections: number;
  readonly droppedLogLines: number;
}

/** Hits of several clients, to be counted together. */
export interface Hits {
  readonly limiter: string;
  readonly windowMs: number;
  readonly hits: readonly (readonly [key: string, times: number])[];
}

/** What a client has used of its window, and when that ends, in milliseconds since the epoch. */
export type Count = readonly [total: number, resetAt: number];

export type FromWorker =
  | { readonly type: 'ready'; readonly address: string }
  | { readonly type: 'start-failed'; readonly reason: string; readonly exitCode: number }
  | { readonly type: 'heartbeat'; readonly report: WorkerReport }
  | { readonly type: 'stopping'; readonly reason: string }
  | { readonly type: 'signalled'; readonly signal: string }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: MetricsJson }
  | { readonly type: 'goodbye'; readonly metrics: MetricsJson }
  | ({ readonly type: 'count'; readonly id: number } & Hits)
  | { readonly type: 'forget'; readonly limiter: string; readonly key: string };

export type FromPrimary =
  | { readonly type: 'welcome'; readonly managementAddress: string }
  | { readonly type: 'drain'; readonly reason: string; readonly keepListening: boolean }
  | { readonly type: 'metrics'; readonly id: number }
  | {
      readonly type: 'counted';
      readonly id: number;
      readonly limiter: string;
      readonly counts: readonly Count[];
    };

/** Other packages use the same channel: only what carries this mark is ours. */
const MARK = 'supervision';

export interface Envelope<T> {
  readonly from: typeof MARK;
  readonly message: T;
}

export function pack<T extends FromWorker | FromPrimary>(message: T): Envelope<T> {
  return { from: MARK, message };
}

/** The message inside, or undefined where the envelope is somebody else's. */
export function unpack<T extends FromWorker | FromPrimary>(received: unknown): T | undefined {
  const envelope = received as Partial<Envelope<T>> | null;
  return envelope?.from === MARK ? envelope.message : undefined;
}
