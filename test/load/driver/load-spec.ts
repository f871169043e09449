/** The messages between a load generator and its process. */
import type { FixedLoad } from '../scenario.ts';

export interface LoadSpec {
  readonly url: string;
  readonly load: FixedLoad;
  readonly seconds: number;
}

/** The results of all requests, one array per column. */
export interface Samples {
  /** When each request was sent, by the monotonic clock. */
  readonly sentAt: Float64Array;
  readonly ms: Float64Array;
  readonly status: Uint16Array;
  readonly lagMs: Float32Array;
}

/** The requests since the last tick. */
export interface Tick {
  readonly perSecond: number;
  readonly p99: number | null;
}

export type FromGenerator =
  | { readonly type: 'ready' }
  | ({ readonly type: 'tick' } & Tick)
  | { readonly type: 'done'; readonly samples: Samples }
  | { readonly type: 'failed'; readonly reason: string };

/** Upper limits of every load, whatever a scenario requests. */
export const LIMITS = { connections: 256, rate: 20_000, pending: 20_000 } as const;
