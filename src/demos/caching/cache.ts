import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import { SingleFlight } from './single-flight.ts';

interface Entry {
  readonly value: string;
  readonly computedMs: number;
  readonly storedAt: number;
}

export interface Looked extends Entry {
  readonly outcome: 'hit' | 'miss' | 'joined';
}

interface CacheOptions {
  readonly max: number;
  readonly ttlMs: number;
  readonly compute: (key: string) => Promise<string>;
}

/** Keeps what is slow to compute: bounded in number, least recently used out first, and bounded in age. */
export class ValueCache {
  readonly #options: CacheOptions;
  readonly #entries: LRUCache<string, Entry>;
  readonly #flights = new SingleFlight<Entry>();
  readonly counts = { hits: 0, misses: 0, joined: 0, evicted: 0 };

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

  /** @returns the value, what it cost when it was computed, and whether it had to be computed for this caller */
  async look(key: string): Promise<Looked> {
    const kept = this.#entries.get(key);
    if (kept !== undefined) {
      this.counts.hits += 1;
      return { ...kept, outcome: 'hit' };
    }
    const state = { first: false };
    const entry = await this.#flights.run(key, async () => {
      state.first = true;
      return this.#store(key);
    });
    if (state.first) this.counts.misses += 1;
    else this.counts.joined += 1;
    return { ...entry, outcome: state.first ? 'miss' : 'joined' };
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
