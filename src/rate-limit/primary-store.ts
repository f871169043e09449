import process from 'node:process';
import type { ClientRateLimitInfo, Options } from 'express-rate-limit';
import { pack, unpack, type FromPrimary, type FromWorker, type HitCount } from '../supervision/messages.ts';
import type { RateLimitStore } from './store.ts';

/** How long the primary may take to reply. */
const REPLY_TIMEOUT_MS = 1_000;
/** How long a primary that did not reply is left alone: every request would wait for the timeout. */
const COOL_DOWN_MS = 2_000;

interface PendingHit {
  readonly key: string;
  readonly resolve: (count: ClientRateLimitInfo) => void;
  readonly reject: (error: Error) => void;
}

/** Hits that are sent in one message. */
interface Batch {
  readonly id: number;
  readonly pending: readonly PendingHit[];
  readonly hits: ReadonlyMap<string, number>;
}

/**
 * The store of a cluster worker: the primary counts for all workers.
 *
 * Requests that arrive while a batch is on its way are sent in the next one. A message to the primary costs more than
 * a request, so the busier the worker is, the more requests share one message. Each request still gets its own count.
 */
export class PrimaryStore implements RateLimitStore {
  readonly localKeys = false;
  readonly prefix: string;
  #windowMs = 0;
  #next: PendingHit[] = [];
  #batch: Batch | undefined;
  #scheduled = false;
  #lastId = 0;
  #timer: NodeJS.Timeout | undefined;
  #openUntil = 0;

  /** @param limiter limiters of the same name share their counts */
  constructor(limiter: string) {
    this.prefix = limiter;
  }

  init({ windowMs }: Options): void {
    this.#windowMs = windowMs;
    process.on('message', (received) => {
      const message = unpack<FromPrimary>(received);
      if (message?.type !== 'hit-counts' || message.limiter !== this.prefix) return;
      if (message.id === this.#batch?.id) this.#resolveBatch(this.#batch, message.counts);
    });
  }

  /** Whether the primary is gone or did not reply a moment ago. */
  get unavailable(): boolean {
    return !process.connected || performance.now() < this.#openUntil;
  }

  /** @throws if the primary does not reply in time */
  increment(key: string): Promise<ClientRateLimitInfo> {
    return new Promise((resolve, reject) => {
      this.#next.push({ key, resolve, reject });
      this.#schedule();
    });
  }

  decrement(key: string): void {
    this.#send({ type: 'hits', ...this.#toHits([[key, -1]]), id: 0 });
  }

  resetKey(key: string): void {
    this.#send({ type: 'reset-key', limiter: this.prefix, key });
  }

  /** Hits of the same event-loop iteration are sent together. */
  #schedule(): void {
    if (this.#scheduled || this.#batch !== undefined || this.#next.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#sendBatch());
  }

  #sendBatch(): void {
    this.#scheduled = false;
    const pending = this.#next;
    this.#next = [];
    const hits = new Map<string, number>();
    for (const { key } of pending) hits.set(key, (hits.get(key) ?? 0) + 1);
    this.#lastId += 1;
    const id = this.#lastId;
    this.#batch = { id, pending, hits };
    // After a stall of this worker its timers run first, before it reads a reply that arrived long ago.
    this.#timer = setTimeout(() => setImmediate(() => this.#rejectAll(id)), REPLY_TIMEOUT_MS);
    this.#send({ type: 'hits', ...this.#toHits([...hits]), id });
  }

  /** Hits of a client were counted as one batch: hands them total - n + 1 … total, in order. */
  #resolveBatch({ pending, hits }: Batch, counts: readonly HitCount[]): void {
    this.#closeBatch();
    const clients = new Map(
      [...hits].map(([key, times], index) => {
        const [total = 0, resetAt = 0] = counts[index] ?? [];
        return [key, { used: total - times, resetTime: new Date(resetAt) }];
      }),
    );
    for (const { key, resolve } of pending) {
      const client = clients.get(key);
      if (client === undefined) continue;
      client.used += 1;
      resolve({ totalHits: client.used, resetTime: client.resetTime });
    }
    this.#schedule();
  }

  /** Everything queued would time out too. */
  #rejectAll(id: number): void {
    if (this.#batch?.id !== id) return;
    const pending = [...this.#batch.pending, ...this.#next];
    this.#next = [];
    this.#closeBatch();
    this.#openUntil = performance.now() + COOL_DOWN_MS;
    const error = new Error(`no rate-limit count from the primary within ${REPLY_TIMEOUT_MS} ms`);
    for (const { reject } of pending) reject(error);
  }

  #closeBatch(): void {
    clearTimeout(this.#timer);
    this.#batch = undefined;
  }

  #toHits(hits: readonly (readonly [key: string, times: number])[]) {
    return { limiter: this.prefix, windowMs: this.#windowMs, hits };
  }

  #send(message: FromWorker): void {
    // A failed send gets no reply, and the timeout deals with that.
    if (process.connected) process.send?.(pack(message), undefined, undefined, () => undefined);
  }
}
