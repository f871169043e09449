import type { ClientRateLimitInfo, Options } from 'express-rate-limit';
import type { HitCount } from '../supervision/messages.ts';
import type { HitCounter } from './counter.ts';
import type { RateLimitStore } from './store.ts';

/** The store of a single process, which has a counter of its own. */
export class LocalStore implements RateLimitStore {
  readonly localKeys = false;
  readonly prefix: string;
  readonly #counter: HitCounter;
  #windowMs = 0;

  /** @param limiter limiters of the same name share their counts */
  constructor(limiter: string, counter: HitCounter) {
    this.prefix = limiter;
    this.#counter = counter;
  }

  init({ windowMs }: Options): void {
    this.#windowMs = windowMs;
  }

  async increment(key: string): Promise<ClientRateLimitInfo> {
    const [[totalHits, resetAt] = [0, 0]] = await this.#count(key, 1);
    return { totalHits, resetTime: new Date(resetAt) };
  }

  async decrement(key: string): Promise<void> {
    await this.#count(key, -1);
  }

  resetKey(key: string): void {
    this.#counter.resetKey(this.prefix, key);
  }

  #count(key: string, times: number): readonly HitCount[] | Promise<readonly HitCount[]> {
    return this.#counter.count({ limiter: this.prefix, windowMs: this.#windowMs, hits: [[key, times]] });
  }
}
