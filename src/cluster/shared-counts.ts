import process from 'node:process';
import type { ClientRateLimitInfo, Options } from 'express-rate-limit';
import type { Counts } from '../http/rate-limit.ts';
import { pack, unpack, type Count, type FromPrimary, type FromWorker } from './messages.ts';

/** How long a primary may take to answer. */
const PATIENCE_MS = 1_000;
/** For how long a primary that was silent is not asked: each request would wait for it in vain. */
const NOT_ASKED_MS = 2_000;

interface Asking {
  readonly key: string;
  readonly resolve: (count: ClientRateLimitInfo) => void;
  readonly reject: (error: Error) => void;
}

/** The hits that are asked for together. */
interface Question {
  readonly id: number;
  readonly asking: readonly Asking[];
  readonly hits: ReadonlyMap<string, number>;
}

/**
 * A limiter's counts as the primary keeps them for all workers: the worker's side.
 *
 * Requests that arrive while a question is on its way ask together in the next one. So a message to the primary, which
 * costs more than a request, is shared by the more of them the busier this worker is, and each still gets the exact
 * count that is its own.
 */
export class SharedCounts implements Counts {
  readonly localKeys = false;
  readonly prefix: string;
  #windowMs = 0;
  #next: Asking[] = [];
  #question: Question | undefined;
  #scheduled = false;
  #ids = 0;
  #timer: NodeJS.Timeout | undefined;
  #notAskedUntil = 0;

  /** @param limiter one for each limiter; limiters of the same name share their counts */
  constructor(limiter: string) {
    this.prefix = limiter;
  }

  init({ windowMs }: Options): void {
    this.#windowMs = windowMs;
    process.on('message', (received) => {
      const message = unpack<FromPrimary>(received);
      if (message?.type !== 'counted' || message.limiter !== this.prefix) return;
      if (message.id === this.#question?.id) this.#tell(this.#question, message.counts);
    });
  }

  /** Whether the primary is gone, or was silent a moment ago. */
  get silent(): boolean {
    return !process.connected || performance.now() < this.#notAskedUntil;
  }

  /** @throws where the primary does not answer in time */
  increment(key: string): Promise<ClientRateLimitInfo> {
    return new Promise((resolve, reject) => {
      this.#next.push({ key, resolve, reject });
      this.#schedule();
    });
  }

  decrement(key: string): void {
    this.#send({ type: 'count', ...this.#hits([[key, -1]]), id: 0 });
  }

  resetKey(key: string): void {
    this.#send({ type: 'forget', limiter: this.prefix, key });
  }

  /** What arrives in the same turn of the event loop goes together. */
  #schedule(): void {
    if (this.#scheduled || this.#question !== undefined || this.#next.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#ask());
  }

  #ask(): void {
    this.#scheduled = false;
    const asking = this.#next;
    this.#next = [];
    const hits = new Map<string, number>();
    for (const { key } of asking) hits.set(key, (hits.get(key) ?? 0) + 1);
    this.#ids += 1;
    this.#question = { id: this.#ids, asking, hits };
    const id = this.#ids;
    // After a stall of this worker timers come first, and what the primary has long answered is still to be read.
    this.#timer = setTimeout(() => setImmediate(() => this.#giveUp(id)), PATIENCE_MS);
    this.#send({ type: 'count', ...this.#hits([...hits]), id });
  }

  /** Each gets the count that is its own: the last of a client's that of all, those before it one less each. */
  #tell({ asking, hits }: Question, counts: readonly Count[]): void {
    this.#end();
    const clients = new Map(
      [...hits].map(([key, times], index) => {
        const [total = 0, resetAt = 0] = counts[index] ?? [];
        return [key, { used: total - times, resetTime: new Date(resetAt) }];
      }),
    );
    for (const { key, resolve } of asking) {
      const client = clients.get(key);
      if (client === undefined) continue;
      client.used += 1;
      resolve({ totalHits: client.used, resetTime: client.resetTime });
    }
    this.#schedule();
  }

  /** All that wait would wait in vain as well. */
  #giveUp(id: number): void {
    if (this.#question?.id !== id) return;
    const waiting = [...this.#question.asking, ...this.#next];
    this.#next = [];
    this.#end();
    this.#notAskedUntil = performance.now() + NOT_ASKED_MS;
    const error = new Error(`the primary did not say within ${PATIENCE_MS} ms how often a client has asked`);
    for (const { reject } of waiting) reject(error);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#question = undefined;
  }

  #hits(hits: readonly (readonly [key: string, times: number])[]) {
    return { limiter: this.prefix, windowMs: this.#windowMs, hits };
  }

  #send(message: FromWorker): void {
    // Where it fails nobody answers, and that is dealt with.
    if (process.connected) process.send?.(pack(message), undefined, undefined, () => undefined);
  }
}
