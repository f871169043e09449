import cluster from 'node:cluster';
import { MemoryStore, type Options } from 'express-rate-limit';
import { pack, unpack, type Count, type FromPrimary, type FromWorker, type Hits } from './messages.ts';

/** Counts for all workers, which makes their rate limits exact. */
export function countForWorkers(): void {
  const counts = new RateLimitCounts();
  cluster.on('message', (worker, received) => {
    const message = unpack<FromWorker>(received);
    if (message?.type === 'forget') counts.forget(message.limiter, message.key);
    if (message?.type !== 'count') return;
    const { id, limiter } = message;
    const answer: FromPrimary = { type: 'counted', id, limiter, counts: counts.count(message) };
    // A worker that has just died hears nothing, and its requests have died with it.
    worker.send(pack(answer), () => undefined);
  });
}

/** The counts of every client, a store for each limiter; and during a reload for each length of its window. */
export class RateLimitCounts {
  readonly #stores = new Map<string, BatchStore>();

  /** @returns for each client what it has used of its window with these hits, in their order */
  count({ limiter, windowMs, hits }: Hits): Count[] {
    const name = `${windowMs} ${limiter}`;
    let store = this.#stores.get(name);
    if (store === undefined) {
      store = new BatchStore(limiter, windowMs);
      this.#stores.set(name, store);
    }
    return hits.map(([key, times]) => store.add(key, times));
  }

  forget(limiter: string, key: string): void {
    for (const store of this.#stores.values()) if (store.limiter === limiter) void store.resetKey(key);
  }
}

/**
 * The package's store, with several hits of one client counted at once.
 *
 * Its own `increment` resolves, a turn later, with the very object it goes on counting in: of several requests that
 * are counted in one turn each would be told the count of the last, and refused too early. So the count is read at once.
 */
class BatchStore extends MemoryStore {
  readonly limiter: string;

  constructor(limiter: string, windowMs: number) {
    super();
    this.limiter = limiter;
    this.init({ windowMs } as Options);
  }

  add(key: string, times: number): Count {
    void this.increment(key);
    const client = this.current.get(key);
    if (client === undefined) throw new Error('express-rate-limit counts later than it did');
    client.totalHits += times - 1;
    return [client.totalHits, client.resetTime.getTime()];
  }
}
