/** Reads the figures of a response, whose shape the schema of its route has checked. */
export class Figures {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: unknown) {
    this.#values = typeof values === 'object' && values !== null ? (values as Record<string, unknown>) : {};
  }

  /** A number, or NaN: no comparison with that holds. */
  number(name: string): number {
    const value = this.#values[name];
    return typeof value === 'number' ? value : NaN;
  }

  text(name: string): string {
    const value = this.#values[name];
    return typeof value === 'string' ? value : '';
  }

  is(name: string): boolean {
    return this.#values[name] === true;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  part(name: string): Figures {
    return new Figures(this.#values[name]);
  }

  rows(name: string): Figures[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map((row) => new Figures(row)) : [];
  }

  /** A list of values without names. */
  list(name: string): readonly unknown[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value : [];
  }

  /** The row in which a field has this value; without one, a row without figures. */
  row(name: string, field: string, value: string | number): Figures {
    return this.rows(name).find((row) => row.#values[field] === value) ?? new Figures({});
  }

  /** A figure of each row. */
  column(name: string, field: string): number[] {
    return this.rows(name).map((row) => row.number(field));
  }
}
