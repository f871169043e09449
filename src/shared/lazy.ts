/** A value that is created on first use and shared. A failure is not kept: the next call tries again. */
export class Lazy<T> {
  readonly #create: () => Promise<T>;
  #value: Promise<T> | undefined;

  constructor(create: () => Promise<T>) {
    this.#create = create;
  }

  get(): Promise<T> {
    this.#value ??= this.#create().catch((error: unknown) => {
      this.#value = undefined;
      throw error;
    });
    return this.#value;
  }

  /** @returns the value if it exists or is being created */
  peek(): Promise<T> | undefined {
    return this.#value;
  }
}
