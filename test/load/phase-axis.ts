interface MeasuredPhase {
  readonly phase: { readonly seconds: number };
  /** When it began, and when it should have ended. */
  readonly fromS: number;
  readonly toS: number;
}

/** A sample may be this late and still describe the phase: vitals cover the half second before them. */
const SAMPLE_DELAY_S = 0.5;

/**
 * The time axis of a variant: its phases without the pauses between them, in which late responses arrived. A phase has
 * the same position in every variant.
 */
export class PhaseAxis {
  readonly #phases: readonly MeasuredPhase[];

  constructor(phases: readonly MeasuredPhase[]) {
    this.#phases = phases;
  }

  get endS(): number {
    return this.startOf(this.#phases.length);
  }

  /** Where a phase begins, by its index. */
  startOf(index: number): number {
    return this.#phases.slice(0, index).reduce((sum, { phase }) => sum + phase.seconds, 0);
  }

  /** Moves an item to its position on the axis. @returns nothing if it belongs to a pause */
  readonly place = <T extends { readonly atS: number }>(item: T): T[] => {
    const index = this.#phases.findLastIndex(({ fromS }) => item.atS >= fromS);
    const measured = this.#phases[index];
    const isLast = index === this.#phases.length - 1;
    if (measured === undefined || item.atS > measured.toS + (isLast ? SAMPLE_DELAY_S : 0)) return [];
    return [{ ...item, atS: this.startOf(index) + item.atS - measured.fromS }];
  };
}
