import { format } from './report/units.ts';
import type { ScenarioRun, Threshold } from './scenario.ts';

export interface Verdict {
  readonly what: string;
  /** The figure with its unit, or "not measured". */
  readonly measured: string;
  readonly bound: string;
  /** Null if it was not judged. */
  readonly holds: boolean | null;
}

export interface Circumstances {
  readonly short: boolean;
  /** Whether other processes used so much CPU that ratios mean little. */
  readonly busy: boolean;
}

/** Judges a run by a threshold. A ratio that fails in a short run on a busy machine is not judged; a count always is. */
export function judge(threshold: Threshold, run: ScenarioRun, { short, busy }: Circumstances): Verdict {
  const { what, unit, atLeast, atMost } = threshold;
  const relaxed = short ? threshold.short : undefined;
  const least = atLeast === undefined ? undefined : (relaxed ?? atLeast);
  const most = atMost === undefined ? undefined : (relaxed ?? atMost);
  const bound =
    least === undefined ? `at most ${format(most ?? 0, unit)}` : `at least ${format(least, unit)}`;
  const measured = threshold.measure(run);
  if (measured === undefined || Number.isNaN(measured))
    return { what, measured: 'not measured', bound, holds: null };
  const holds = measured >= (least ?? -Infinity) && measured <= (most ?? Infinity);
  if (!holds && short && busy && unit !== 'count') {
    return { what, measured: `${format(measured, unit)} on a busy machine`, bound, holds: null };
  }
  return { what, measured: format(measured, unit), bound, holds };
}
