import type { Report } from './report/report.ts';
import { MAIN, type Figures } from './scenario.ts';

export interface PhaseChange {
  readonly scenario: string;
  readonly variant: string;
  readonly phase: string;
  readonly goodput: Change;
  readonly p99: Change;
}

export interface Change {
  readonly before: number | null;
  readonly now: number | null;
  /** `now / before`; null if one is missing or `before` is 0. */
  readonly ratio: number | null;
}

/** Compares the main load of every phase that both reports have. */
export function compareReports(earlier: Report, now: Report): PhaseChange[] {
  const before = new Map(phasesOf(earlier).map((phase) => [keyOf(phase), phase]));
  return phasesOf(now).flatMap((phase) => {
    const other = before.get(keyOf(phase));
    if (other === undefined) return [];
    const { figures, ...names } = phase;
    return [
      {
        ...names,
        goodput: change(other.figures.goodput, figures.goodput),
        p99: change(other.figures.p99, figures.p99),
      },
    ];
  });
}

interface NamedPhase {
  readonly scenario: string;
  readonly variant: string;
  readonly phase: string;
  readonly figures: Figures;
}

function phasesOf(report: Report): NamedPhase[] {
  return report.scenarios.flatMap(({ name: scenario, variants }) =>
    variants.flatMap(({ name: variant, phases }) =>
      phases.flatMap(({ name: phase, streams }) => {
        const figures = streams[MAIN];
        return figures === undefined ? [] : [{ scenario, variant, phase, figures }];
      }),
    ),
  );
}

function keyOf({ scenario, variant, phase }: NamedPhase): string {
  return JSON.stringify([scenario, variant, phase]);
}

function change(before: number | null, now: number | null): Change {
  const ratio = before === null || now === null || before === 0 ? null : now / before;
  return { before, now, ratio };
}

/** Why two reports are not comparable; undefined if they are. */
export function describeMismatch(earlier: Report, now: Report): string | undefined {
  const reasons = [
    ...(earlier.machine === now.machine ? [] : [`the earlier run used another machine (${earlier.machine})`]),
    ...(earlier.short === now.short ? [] : [`the earlier run was a ${earlier.short ? 'short' : 'full'} one`]),
    ...(earlier.url === now.url ? [] : ['the earlier run loaded another service']),
  ];
  return reasons.length === 0 ? undefined : reasons.join(', ');
}
