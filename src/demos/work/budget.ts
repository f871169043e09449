import type { Metrics } from '../../process/metrics.ts';
import { Problem } from '../../http/problem.ts';

interface BudgetOptions {
  /** The word for it in metrics and problems: `threads`. */
  readonly name: string;
  /** What may be in use at once in this process. */
  readonly capacity: number;
  /** Callers that may wait; beyond them a caller is refused. */
  readonly maxWaiting: number;
  readonly metrics: Metrics;
}

interface Waiting {
  readonly amount: number;
  readonly admit: () => void;
}

const RETRY_AFTER_S = 1;

/** Bounds one kind of heavy work for the whole process. Who does not fit waits; who cannot even wait gets a 503. */
export class Budget {
  readonly #options: BudgetOptions;
  readonly #waiting: Waiting[] = [];
  #inUse = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get capacity(): number {
    return this.#options.capacity;
  }

  /** Does some work with so much of the budget, and gives it back however the work ends. */
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
        detail: `This worker has ${capacity} ${name}, and all are taken.`,
        headers: { 'Retry-After': String(RETRY_AFTER_S) },
      });
    }
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        amount,
        admit: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
        this.#admitWaiting();
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
    });
  }

  /** In the order in which they came: a large one is not overtaken for ever by small ones. */
  #admitWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#inUse + next.amount > this.#options.capacity) return;
      this.#waiting.shift();
      this.#inUse += next.amount;
      next.admit();
    }
  }
}
