/**
 * Lets callers with the same key share one computation: the first starts it, the others await the same promise. A
 * failure is shared too, but not kept: the next caller starts again.
 */
export class SingleFlight<T> {
  readonly #pending = new Map<string, Promise<T>>();

  /** Whether a computation is in progress. */
  has(key: string): boolean {
    return this.#pending.has(key);
  }

  run(key: string, compute: () => Promise<T>): Promise<T> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const started = compute().finally(() => this.#pending.delete(key));
    this.#pending.set(key, started);
    return started;
  }
}
