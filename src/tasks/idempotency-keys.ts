import { createHash } from 'node:crypto';
import { Problem } from '../http/problem.ts';

interface Entry<T> {
  /** What was asked for with the key. */
  readonly fingerprint: string;
  readonly result: Promise<T>;
  readonly expiresAt: number;
}

interface IdempotencyOptions {
  /** Keys that are remembered; the oldest is forgotten for another. */
  readonly capacity?: number;
  readonly lifetimeMs?: number;
  readonly now?: () => number;
}

/**
 * Lets a caller send a request again without doing it twice, by a key of its own making:
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 *
 * The keys are in the memory of this process, as long as the tasks are; they belong where the tasks are kept, best in
 * the same transaction. Callers share one space of keys: with accounts, put the account into the key.
 */
export class IdempotencyKeys<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #capacity: number;
  readonly #lifetimeMs: number;
  readonly #now: () => number;

  constructor({ capacity = 10_000, lifetimeMs = 24 * 3_600_000, now = Date.now }: IdempotencyOptions = {}) {
    this.#capacity = capacity;
    this.#lifetimeMs = lifetimeMs;
    this.#now = now;
  }

  /**
   * Does the work once for each key: a second caller gets the first one's result, also while it is still being made.
   * Work that failed is forgotten, so that it can be tried again.
   *
   * @throws {Problem} `unprocessable-content` where the key was used for something else
   */
  async once(
    key: string,
    request: unknown,
    work: () => Promise<T>,
  ): Promise<{ result: T; replayed: boolean }> {
    const fingerprint = createHash('sha256').update(JSON.stringify(request)).digest('base64');
    const known = this.#find(key);
    if (known !== undefined) {
      if (known.fingerprint === fingerprint) return { result: await known.result, replayed: true };
      throw new Problem('unprocessable-content', {
        detail: 'This Idempotency-Key was used for another request.',
      });
    }
    const result = work();
    this.#remember(key, { fingerprint, result, expiresAt: this.#now() + this.#lifetimeMs });
    try {
      return { result: await result, replayed: false };
    } catch (error) {
      if (this.#entries.get(key)?.result === result) this.#entries.delete(key);
      throw error;
    }
  }

  #find(key: string): Entry<T> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt > this.#now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #remember(key: string, entry: Entry<T>): void {
    const oldest = this.#entries.keys().next();
    if (this.#entries.size >= this.#capacity && oldest.done !== true) this.#entries.delete(oldest.value);
    this.#entries.set(key, entry);
  }
}
