/**
 * Lets callers of the same key share one computation: the first starts it, the others wait for the same promise. A
 * failure is shared as well, and not kept: the next caller tries anew.
 */
export class SingleFlight<T> {
  readonly #underWay = new Map<string, Promise<T>>();

  /** Computations that are under way. */
  get size(): number {
    return this.#underWay.size;
  }

  run(key: string, compute: () => Promise<T>): Promise<T> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const started = compute().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, started);
    return started;
  }
}
