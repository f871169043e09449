import type { TourRun } from './tour-run.ts';

/** What a tour has shown, computed from what was measured in it. */
export interface Verdict {
  /** `shown`: the figures show it; `not-shown`: they show the opposite; `open`: they do not tell. */
  readonly tone: 'shown' | 'not-shown' | 'open';
  readonly headline: string;
  readonly text: string;
}

/** A demonstration that runs itself. */
export interface Tour {
  readonly title: string;
  /** Its steps, in their order. */
  readonly steps: readonly string[];
  /** The key of the route that it is about. */
  readonly route: string;
  run(run: TourRun): Promise<Verdict>;
}

/** What a tour cannot show without a primary. */
export const standalone: Verdict = {
  tone: 'open',
  headline: 'This service runs without a cluster',
  text: 'WORKERS is 0: there is one process, and no primary that would replace it. Nothing was sent.',
};
