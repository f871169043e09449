/** What is said to the process that makes a load, and by it. */
import type { FixedLoad } from '../scenario.ts';

export interface Order {
  readonly url: string;
  readonly load: FixedLoad;
  readonly seconds: number;
}

/** The requests of an order, in rows: when each was made by the monotonic clock, its latency, its status, its lag. */
export interface Account {
  readonly madeAt: Float64Array;
  readonly ms: Float64Array;
  readonly status: Uint16Array;
  readonly lagMs: Float32Array;
}

export type FromShooter =
  | { readonly type: 'ready' }
  /** How it goes, for who watches. */
  | { readonly type: 'tick'; readonly perSecond: number; readonly p99: number | null }
  | { readonly type: 'account'; readonly account: Account }
  | { readonly type: 'failed'; readonly reason: string };

/** No load goes beyond these, whatever a scenario asks for. */
export const BOUNDS = { connections: 256, rate: 20_000, waiting: 20_000, seconds: 60 } as const;

/** Milliseconds on a clock that all processes of a machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
