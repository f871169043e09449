import type { ClientRateLimitInfo, Options } from 'express-rate-limit';
import type { RateLimitCounter } from './counter.ts';
import type { RateLimitStore } from './store.ts';

/** The store of a single process: it counts in the process itself. */
export class LocalStore implements RateLimitStore {
  readonly localKeys = false;
  readonly prefix: string;
  readonly #counter: RateLimitCounter;
  #windowMs = 0;

  /** @param limiter limiters of the same name share their counts */
  constructor(limiter: string, counter: RateLimitCounter) {
    this.prefix = limiter;
    this.#counter = counter;
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
    this.#counter.resetKey(this.prefix, key);
  }

  #count(key: string, times: number): ClientRateLimitInfo {
    const hits = { limiter: this.prefix, windowMs: this.#windowMs, hits: [[key, times]] } as const;
    const [[totalHits, resetAt] = [0, 0]] = this.#counter.count(hits);
    return { totalHits, resetTime: new Date(resetAt) };
  }
}
