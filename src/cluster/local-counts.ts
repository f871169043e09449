import type { ClientRateLimitInfo, Options } from 'express-rate-limit';
import type { Counts } from '../http/rate-limit.ts';
import type { RateLimitCounts } from './rate-limit-counts.ts';

/** A limiter's counts where one process does all: those a primary keeps, with nobody to ask. */
export class LocalCounts implements Counts {
  readonly localKeys = false;
  readonly prefix: string;
  readonly #counts: RateLimitCounts;
  #windowMs = 0;

  /** @param limiter one for each limiter; limiters of the same name share their counts */
  constructor(limiter: string, counts: RateLimitCounts) {
    this.prefix = limiter;
    this.#counts = counts;
  }

  init({ windowMs }: Options): void {
    this.#windowMs = windowMs;
  }

  increment(key: string): ClientRateLimitInfo {
    return this.#count(key, 1);
  }

  decrement(key: string): void {
    this.#count(key, -1);
  }

  resetKey(key: string): void {
    this.#counts.forget(this.prefix, key);
  }

  #count(key: string, times: number): ClientRateLimitInfo {
    const hits = { limiter: this.prefix, windowMs: this.#windowMs, hits: [[key, times]] } as const;
    const [[totalHits, resetAt] = [0, 0]] = this.#counts.count(hits);
    return { totalHits, resetTime: new Date(resetAt) };
  }
}
