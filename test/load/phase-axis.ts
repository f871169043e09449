interface Measured {
  readonly phase: { readonly seconds: number };
  /** When it really began, and should have ended. */
  readonly fromS: number;
  readonly toS: number;
}

/** How far behind a phase something may be and still tell of it: vitals come half a second late. */
const BEHIND_S = 0.5;

/**
 * The time axis of a variant: its phases one after the other, without the waits between them, in which late answers
 * came in. So the same phase is at the same place in every variant.
 */
export class PhaseAxis {
  readonly #measured: readonly Measured[];

  constructor(measured: readonly Measured[]) {
    this.#measured = measured;
  }

  get endS(): number {
    return this.startOf(this.#measured.length);
  }

  /** Where the phase of an index begins. */
  startOf(index: number): number {
    return this.#measured.slice(0, index).reduce((sum, { phase }) => sum + phase.seconds, 0);
  }

  /** Puts something at its place; nothing where it was in a wait. */
  readonly place = <T extends { readonly atS: number }>(thing: T): T[] => {
    const index = this.#measured.findLastIndex(({ fromS }) => thing.atS >= fromS);
    const phase = this.#measured[index];
    const isLast = index === this.#measured.length - 1;
    if (phase === undefined || thing.atS > phase.toS + (isLast ? BEHIND_S : 0)) return [];
    return [{ ...thing, atS: this.startOf(index) + thing.atS - phase.fromS }];
  };
}
