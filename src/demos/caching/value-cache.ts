import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import { SingleFlight } from './single-flight.ts';

interface Entry {
  readonly value: string;
  readonly computedMs: number;
  readonly storedAt: number;
}

export interface CachedValue extends Entry {
  readonly outcome: 'hit' | 'miss' | 'joined';
}

interface CacheOptions {
  readonly max: number;
  readonly ttlMs: number;
  readonly compute: (key: string) => Promise<string>;
}

/** A cache with bounds on the number and age of its entries; it evicts the least recently used one. */
export class ValueCache {
  readonly counts = { hits: 0, misses: 0, joined: 0, evicted: 0 };
  readonly #options: CacheOptions;
  readonly #entries: LRUCache<string, Entry>;
  readonly #flights = new SingleFlight<Entry>();

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#entries = new LRUCache({
      max: options.max,
      ttl: options.ttlMs,
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.counts.evicted += 1;
      },
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @returns the value, how long its computation took, and whether this call started or joined one */
  async get(key: string): Promise<CachedValue> {
    const cached = this.#entries.get(key);
    if (cached !== undefined) {
      this.counts.hits += 1;
      return { ...cached, outcome: 'hit' };
    }
    const joined = this.#flights.has(key);
    const entry = await this.#flights.run(key, () => this.#store(key));
    this.counts[joined ? 'joined' : 'misses'] += 1;
    return { ...entry, outcome: joined ? 'joined' : 'miss' };
  }

  async #store(key: string): Promise<Entry> {
    const startedAt = performance.now();
    const value = await this.#options.compute(key);
    const storedAt = performance.now();
    const entry = { value, computedMs: storedAt - startedAt, storedAt };
    this.#entries.set(key, entry);
    return entry;
  }
}
