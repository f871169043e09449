import type { TourRun } from './tour-run.ts';
import type { Verdict } from './verdicts.ts';

/** A demonstration that runs itself. */
export interface Tour {
  readonly title: string;
  /** Its steps, in their order. */
  readonly steps: readonly string[];
  /** The key of the route that it is about. */
  readonly route: string;
  run(run: TourRun): Promise<Verdict>;
}
