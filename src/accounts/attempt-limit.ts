import type { Options } from 'express-rate-limit';
import type { Logger } from 'pino';
import { Problem } from '../http/problem.ts';
import type { RateLimitStore } from '../rate-limit/store.ts';

export const WINDOW_MS = 15 * 60_000;

interface AttemptLimitOptions {
  readonly store: RateLimitStore;
  /** Attempts with the same key in 15 minutes. */
  readonly max: number;
  readonly log: Logger;
}

/**
 * Limits attempts by a key, across all workers. The window begins with the first attempt and ends 15 minutes later, however
 * many follow: an attempt that is rejected does not extend it.
 */
export class AttemptLimit {
  readonly #store: RateLimitStore;
  readonly #max: number;
  readonly #log: Logger;

  constructor({ store, max, log }: AttemptLimitOptions) {
    this.#store = store;
    this.#max = max;
    this.#log = log;
    void store.init?.({ windowMs: WINDOW_MS } as Options);
  }

  /**
   * Counts an attempt before it is made, so that attempts at the same time are counted, too.
   *
   * @throws {Problem} `rate-limited`
   */
  async count(key: string): Promise<void> {
    const counted = await this.#increment(key);
    if (counted === undefined || counted.totalHits <= this.#max) return;
    const leftMs = (counted.resetTime?.getTime() ?? 0) - Date.now();
    throw new Problem('rate-limited', {
      detail: 'Too many attempts. Retry after the time given in Retry-After.',
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(leftMs / 1_000))) },
    });
  }

  /** Takes back an attempt that was no guess. */
  async forgive(key: string): Promise<void> {
    if (this.#store.unavailable !== true) await this.#store.decrement(key);
  }

  /** As the rate limit: if the counter does not reply, attempts pass uncounted. They are still bounded by their hashes. */
  async #increment(key: string) {
    if (this.#store.unavailable === true) return undefined;
    try {
      return await this.#store.increment(key);
    } catch (err) {
      this.#log.error({ event: 'rate-limit', err }, 'an attempt to log in was not counted');
      return undefined;
    }
  }
}
