/** What is made when it is first asked for, and shared by all who ask. A failure is not kept: the next to ask tries again. */
export class MadeOnce<T> {
  readonly #make: () => Promise<T>;
  #made: Promise<T> | undefined;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  get(): Promise<T> {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    return this.#made;
  }

  /** What there is without making it; it may still be in the making. */
  get made(): Promise<T> | undefined {
    return this.#made;
  }
}
