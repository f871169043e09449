import type { Store } from 'express-rate-limit';

/** Counts the hits of each client of a rate limiter. */
export interface RateLimitStore extends Store {
  /** Whether the store failed to reply a moment ago, so that requests should pass uncounted for now. */
  readonly unavailable?: boolean;
}

/** Creates the store of a limiter by its name; limiters of the same name share their counts. */
export type CreateRateLimitStore = (limiter: string) => RateLimitStore;
