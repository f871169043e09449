import { MemoryStore, type Options } from 'express-rate-limit';
import type { HitCount, Hits } from '../supervision/messages.ts';

/** Counts the hits of all clients. */
export interface HitCounter {
  /** @returns each client's count after these hits, in their order */
  count: (hits: Hits) => readonly HitCount[] | Promise<readonly HitCount[]>;
  resetKey: (limiter: string, key: string) => void;
}

/** Counts in this process: one store per limiter and, during a reload, per window length. */
export class RateLimitCounter implements HitCounter {
  readonly #stores = new Map<string, BatchStore>();

  count({ limiter, windowMs, hits }: Hits): HitCount[] {
    const name = `${windowMs} ${limiter}`;
    let store = this.#stores.get(name);
    if (store === undefined) {
      store = new BatchStore(limiter, windowMs);
      this.#stores.set(name, store);
    }
    return hits.map(([key, times]) => store.add(key, times));
  }

  resetKey(limiter: string, key: string): void {
    for (const store of this.#stores.values()) if (store.limiter === limiter) void store.resetKey(key);
  }
}

/**
 * The package's store, which can also count several hits of a client at once.
 *
 * Its own `increment` resolves in a later microtask with the object it keeps counting in: requests counted in the same
 * iteration would all see the last count, and be refused too early. So the count is read synchronously.
 */
class BatchStore extends MemoryStore {
  readonly limiter: string;

  constructor(limiter: string, windowMs: number) {
    super();
    this.limiter = limiter;
    this.init({ windowMs } as Options);
  }

  add(key: string, times: number): HitCount {
    void this.increment(key);
    const client = this.current.get(key);
    if (client === undefined) throw new Error('MemoryStore.increment() is no longer synchronous');
    client.totalHits += times - 1;
    return [client.totalHits, client.resetTime.getTime()];
  }
}
