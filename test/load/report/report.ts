/** The report of a run: written as JSON, and rendered as table and page. */
import { cpus } from 'node:os';
import { availableCpus } from '../../../src/process/available-cpus.ts';
import { judge, type Verdict } from '../thresholds.ts';
import type { LessonChart, Point, Scenario, Unit, VariantRun } from '../scenario.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** The data of the chart of a scenario. */
export interface Lesson {
  readonly kind: 'curve' | 'time';
  readonly xLabel: string;
  readonly xUnit: Unit | 'seconds';
  readonly yLabel: string;
  readonly unit: Unit;
  readonly logarithmic: boolean;
  readonly series: readonly Series[];
}

export interface ScenarioReport {
  readonly name: string;
  readonly title: string;
  readonly teaches: string;
  readonly expects: string;
  /** What the run showed, or why it failed. */
  readonly seen: string;
  readonly lesson: Lesson;
  readonly verdicts: readonly Verdict[];
  readonly variants: readonly VariantRun[];
  readonly seconds: number;
  readonly passed: boolean;
}

export interface Report {
  readonly format: typeof FORMAT;
  readonly at: string;
  readonly machine: string;
  /** How busy the CPUs were before the run started anything, 0 to 1. */
  readonly busyBefore: number;
  readonly short: boolean;
  /** The running service that was loaded; null if the run started its own. */
  readonly url: string | null;
  readonly scenarios: readonly ScenarioReport[];
}

/** Changes when earlier reports are no longer comparable. */
export const FORMAT = 1;

export function createReport(
  scenarios: readonly ScenarioReport[],
  { short, url, busyBefore }: Pick<Report, 'short' | 'url' | 'busyBefore'>,
): Report {
  const count = availableCpus();
  const machine = `Node.js ${process.version}, ${count} CPU${count === 1 ? '' : 's'} (${cpus()[0]?.model.trim() ?? 'unknown'})`;
  return { format: FORMAT, at: new Date().toISOString(), machine, busyBefore, short, url, scenarios };
}

const TOO_BUSY = 0.3;

/** The machine and the kind of the run, with a warning if other processes disturbed it. */
export function describeRun({ machine, short, busyBefore }: Report): string {
  const busy =
    busyBefore > TOO_BUSY
      ? ` The CPUs were ${Math.round(busyBefore * 100)}% busy before the run began: figures are noisy, and thresholds may fail for that reason alone.`
      : '';
  return `${machine}${short ? ', short run with relaxed thresholds' : ''}.${busy}`;
}

/** The only variant of a running service, whose settings are not changed. */
export const AS_IT_RUNS = 'as it runs';
const INCOMPLETE = 'The service kept its settings, so this run cannot show what the scenario compares.';

function isComplete(variants: readonly VariantRun[]): boolean {
  return variants.length > 0 && variants.every(({ name }) => name !== AS_IT_RUNS);
}

interface Run {
  readonly variants: readonly VariantRun[];
  readonly seconds: number;
  readonly short: boolean;
  readonly busyBefore: number;
}

/** Reports on a scenario that ran to its end. */
export function reportOn(scenario: Scenario, { variants, seconds, short, busyBefore }: Run): ScenarioReport {
  const { name, title, teaches, expects, chart, thresholds } = scenario;
  const verdicts = thresholds.map((threshold) =>
    judge(threshold, { variants }, { short, busy: busyBefore > TOO_BUSY }),
  );
  return {
    name,
    title,
    teaches,
    expects,
    seen: isComplete(variants) ? scenario.conclude({ variants }) : INCOMPLETE,
    lesson: createLesson(chart, variants),
    verdicts,
    variants,
    seconds,
    passed: verdicts.every(({ holds }) => holds !== false),
  };
}

/** Reports on a scenario that failed to run. */
export function reportFailure(scenario: Scenario, error: unknown, seconds: number): ScenarioReport {
  const { name, title, teaches, expects, chart } = scenario;
  const seen = `The run failed: ${error instanceof Error ? error.message : String(error)}`;
  const lesson = createLesson(chart, []);
  return { name, title, teaches, expects, seen, lesson, verdicts: [], variants: [], seconds, passed: false };
}

function createLesson(chart: LessonChart, variants: readonly VariantRun[]): Lesson {
  const { kind, yLabel, unit, logarithmic = false } = chart;
  const axis =
    chart.kind === 'curve'
      ? { xLabel: chart.xLabel, xUnit: chart.xUnit }
      : { xLabel: 'time', xUnit: 'seconds' as const };
  const series = variants.map((variant) => ({ name: variant.name, points: pointsOf(chart, variant) }));
  // Variants with one point each, at different places, are one curve.
  const single =
    kind === 'curve' &&
    series.every(({ points }) => points.length === 1) &&
    new Set(series.map(({ points }) => points[0]?.x)).size === series.length
      ? [{ name: yLabel, points: series.flatMap(({ points }) => points) }]
      : series;
  return { kind, ...axis, yLabel, unit, logarithmic, series: single };
}

function pointsOf(chart: LessonChart, variant: VariantRun): readonly Point[] {
  if (chart.kind === 'time') return chart.points(variant);
  return variant.phases.flatMap((phase) => {
    const x = chart.x === undefined ? phase.x : chart.x(phase);
    const y = chart.y(phase, variant);
    return x === undefined || y === undefined ? [] : [{ x, y }];
  });
}
