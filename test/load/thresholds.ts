import { format } from './report/units.ts';
import type { RunOf, Threshold } from './scenario.ts';

export interface Verdict {
  readonly what: string;
  /** The figure with its unit; «not measured» where this run has not what it needs. */
  readonly measured: string;
  readonly bound: string;
  /** Null where there was nothing to judge. */
  readonly holds: boolean | null;
}

export interface Circumstances {
  readonly short: boolean;
  /** Whether others took so much of the machine that comparisons say little. */
  readonly busy: boolean;
}

/**
 * Holds a run against a threshold; a short run against the bound for short ones, where there is another. What a short
 * run compares is not held against a service whose machine was busy with other things; what it counts is.
 */
export function judge(threshold: Threshold, run: RunOf, { short, busy }: Circumstances): Verdict {
  const { what, unit, atLeast, atMost } = threshold;
  const chosen = short ? threshold.short : undefined;
  const least = atLeast === undefined ? undefined : (chosen ?? atLeast);
  const most = atMost === undefined ? undefined : (chosen ?? atMost);
  const bound =
    least === undefined ? `at most ${format(most ?? 0, unit)}` : `at least ${format(least, unit)}`;
  const measured = threshold.of(run);
  if (measured === undefined || Number.isNaN(measured))
    return { what, measured: 'not measured', bound, holds: null };
  const holds = measured >= (least ?? -Infinity) && measured <= (most ?? Infinity);
  if (!holds && short && busy && unit !== 'count') {
    return { what, measured: `${format(measured, unit)} on a busy machine`, bound, holds: null };
  }
  return { what, measured: format(measured, unit), bound, holds };
}
