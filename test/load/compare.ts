import type { Report } from './report/report.ts';
import { MAIN, type Figures } from './scenario.ts';

export interface Change {
  readonly scenario: string;
  readonly variant: string;
  readonly phase: string;
  readonly goodput: Pair;
  readonly p99: Pair;
}

export interface Pair {
  readonly before: number | null;
  readonly now: number | null;
  /** Now as a multiple of before; null where one is missing or nothing. */
  readonly ratio: number | null;
}

/** Every phase that both reports have, with what became of its main load. */
export function compareReports(earlier: Report, now: Report): Change[] {
  const before = new Map(phasesOf(earlier).map((phase) => [keyOf(phase), phase]));
  return phasesOf(now).flatMap((phase) => {
    const other = before.get(keyOf(phase));
    if (other === undefined) return [];
    const { scenario, variant, phase: name } = phase;
    return [
      {
        scenario,
        variant,
        phase: name,
        goodput: pair(other.figures.goodput, phase.figures.goodput),
        p99: pair(other.figures.p99, phase.figures.p99),
      },
    ];
  });
}

interface PhaseOf {
  readonly scenario: string;
  readonly variant: string;
  readonly phase: string;
  readonly figures: Figures;
}

function phasesOf(report: Report): PhaseOf[] {
  return report.scenarios.flatMap(({ name: scenario, variants }) =>
    variants.flatMap(({ name: variant, phases }) =>
      phases.flatMap(({ name: phase, streams }) => {
        const figures = streams[MAIN];
        return figures === undefined ? [] : [{ scenario, variant, phase, figures }];
      }),
    ),
  );
}

function keyOf({ scenario, variant, phase }: PhaseOf): string {
  return JSON.stringify([scenario, variant, phase]);
}

function pair(before: number | null, now: number | null): Pair {
  const ratio = before === null || now === null || before === 0 ? null : now / before;
  return { before, now, ratio };
}

/** Why two reports should not be taken at their word; undefined where they may. */
export function whyNotAlike(earlier: Report, now: Report): string | undefined {
  const reasons = [
    ...(earlier.machine === now.machine ? [] : [`another machine then (${earlier.machine})`]),
    ...(earlier.short === now.short ? [] : [`a ${earlier.short ? 'short' : 'full'} run then`]),
    ...(earlier.url === now.url ? [] : ['another service then']),
  ];
  return reasons.length === 0 ? undefined : reasons.join(', ');
}
