import type { Metrics } from '../../../telemetry/metrics.ts';
import { Problem } from '../../../http/problem.ts';

interface BudgetOptions {
  /** Its name in metrics and error responses: `threads`. */
  readonly name: string;
  readonly capacity: number;
  /** How many callers may wait before others are rejected. */
  readonly maxWaiting: number;
  readonly metrics: Metrics;
}

interface Waiting {
  readonly amount: number;
  readonly admit: () => void;
}

const RETRY_AFTER_S = 1;

/** Limits one kind of expensive work per process. Work beyond the capacity queues; beyond the queue it gets a 503. */
export class Budget {
  readonly #options: BudgetOptions;
  readonly #waiting: Waiting[] = [];
  #inUse = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    options.metrics.shed.inc({ by: options.name }, 0);
  }

  get inUse(): number {
    return this.#inUse;
  }

  /**
   * Runs `work` once `amount` of the budget is free, and releases it afterwards.
   *
   * @throws {Problem} `busy` if the queue is full or `amount` exceeds the capacity; or the signal's reason
   */
  async use<T>(amount: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(amount, signal);
    try {
      return await work();
    } finally {
      this.#inUse -= amount;
      this.#admitWaiting();
    }
  }

  async #take(amount: number, signal: AbortSignal): Promise<void> {
    const { capacity, maxWaiting, name, metrics } = this.#options;
    signal.throwIfAborted();
    if (this.#waiting.length === 0 && this.#inUse + amount <= capacity) {
      this.#inUse += amount;
      return;
    }
    if (this.#waiting.length >= maxWaiting || amount > capacity) {
      metrics.shed.inc({ by: name });
      throw new Problem('busy', {
        detail: `This worker allows ${capacity} ${name} at once, and too few are free.`,
        headers: { 'Retry-After': String(RETRY_AFTER_S) },
      });
    }
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        amount,
        admit: () => {
          signal.removeEventListener('abort', withdraw);
          resolve();
        },
      };
      const withdraw = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
        this.#admitWaiting();
      };
      signal.addEventListener('abort', withdraw, { once: true });
      this.#waiting.push(waiting);
    });
  }

  /** First in, first out: small requests must not starve a large one. */
  #admitWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#inUse + next.amount > this.#options.capacity) return;
      this.#waiting.shift();
      this.#inUse += next.amount;
      next.admit();
    }
  }
}
