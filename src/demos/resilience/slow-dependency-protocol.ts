/** What `/slow-dependency` and its thread agree on. */
export const guards = ['none', 'timeout', 'bulkhead', 'breaker'] as const;
export type Guard = (typeof guards)[number];

export const SLOW_DEPENDENCY = {
  /** Connections that the calls to both dependencies share. */
  connections: 12,
  /** One call to each dependency at this interval. */
  everyMs: 16,
  /** How long a dependency takes for a call. */
  workMs: 10,
  /** One of them responds to nothing from here... */
  hangsFromMs: 500,
  /** ...to here, and then to everything that waits. */
  hangsUntilMs: 2_000,
  endMs: 2_800,
  /** The guards: the longest call, calls in flight, failures in a row, and the pause until the next trial. */
  timeoutMs: 300,
  bulkhead: 6,
  failures: 3,
  halfOpenAfterMs: 300,
} as const;

export interface SlowDependencyJob {
  readonly guard: Guard;
}

export type Outcome = 'succeeded' | 'timedOut' | 'spared';

/** One call. Times are in milliseconds since the start of the run. */
export interface Call {
  readonly startMs: number;
  readonly endMs: number;
  /** `spared`: the guard rejected it without a call. */
  readonly outcome: Outcome;
}

export interface BreakerState {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly startMs: number;
}

export interface SlowDependencyReport {
  /** Start of the run by `monotonicMs()`. */
  readonly startedAtMs: number;
  readonly healthy: readonly Call[];
  readonly slow: readonly Call[];
  /** The most calls to the dependency that hangs that were in flight, or waited for a connection. */
  readonly peakInFlight: number;
  /** States of the breaker, if there is one. */
  readonly states: readonly BreakerState[];
}
