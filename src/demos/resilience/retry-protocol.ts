/** What `/retry` and its thread agree on. */
export const retryPolicies = ['none', 'immediate', 'backoff', 'jitter'] as const;
export type Policy = (typeof retryPolicies)[number];

export const RETRY = {
  /** Each client calls at this interval; those of all clients are evenly spread. */
  everyMs: 500,
  /** The server hangs from the second interval on, and cuts every call here: each client has one in flight. */
  cutMs: 1_100,
  /** From there until the server serves again. */
  restartMs: 300,
  /** Clients give up this long after the cut. */
  giveUpMs: 4_000,
  slotMs: 100,
  /** The peak is that of a window of this length. */
  windowMs: 50,
  /** The server works this long on a request that it accepts. */
  workMs: 50,
  /** The server refuses after this time. */
  refusalMs: 10,
} as const;

export interface RetryJob {
  readonly policy: Policy;
  readonly clients: number;
}

export interface RetryReport {
  /** Requests of the first interval. */
  readonly usual: number;
  /** Calls that were in flight when the server cut its connections. */
  readonly cut: number;
  /** When that was, by `monotonicMs()`. */
  readonly cutAtMs: number;
  /** Requests that the server refused after its restart, because too many came at once. */
  readonly refusedByHealthy: number;
  /** Calls that failed in the end. */
  readonly lost: number;
  /** The most requests in a window after the cut. */
  readonly peak: number;
  /** Requests from the cut on. */
  readonly slots: readonly { readonly requests: number; readonly served: number }[];
  /** Of each client: from the cut to its first success, in milliseconds. */
  readonly recoveries: readonly (number | null)[];
}
