/** What is written as JSON, and what table and page are made from. */
import { cpus } from 'node:os';
import { availableCpus } from '../../../src/process/available-cpus.ts';
import { judge, type Verdict } from '../thresholds.ts';
import type { LessonChart, Point, Scenario, Unit, VariantRun } from '../scenario.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** The lesson as it is drawn. */
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
  /** What was seen, in one sentence; why it failed where it could not be run to its end. */
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
  /** How busy the cores were before anything was started, 0 to 1: what others take, the figures lack. */
  readonly busyBefore: number;
  readonly short: boolean;
  /** The service that was loaded, where it ran already. */
  readonly url: string | null;
  readonly scenarios: readonly ScenarioReport[];
}

/** Another number where a report of before cannot be compared any more. */
export const FORMAT = 1;

export function createReport(
  scenarios: readonly ScenarioReport[],
  { short, url, busyBefore }: Pick<Report, 'short' | 'url' | 'busyBefore'>,
): Report {
  const cores = availableCpus();
  const machine = `Node.js ${process.version}, ${cores} core${cores === 1 ? '' : 's'} (${cpus()[0]?.model.trim() ?? 'unknown'})`;
  return { format: FORMAT, at: new Date().toISOString(), machine, busyBefore, short, url, scenarios };
}

const TOO_BUSY = 0.3;

/** Where and how it was run, and whether its figures deserve trust. */
export function describeRun({ machine, short, busyBefore }: Report): string {
  const busy =
    busyBefore > TOO_BUSY
      ? `; the cores were ${Math.round(busyBefore * 100)} % busy with other things before it began, so figures say less and thresholds may fail for that alone`
      : '';
  return `${machine}${short ? ', a short run with bounds to match' : ''}${busy}.`;
}

/** How the one variant is called of a service that runs with settings of its own. */
export const AS_IT_RUNS = 'as it runs';
const WITHOUT_SETTINGS =
  'It was run with the settings the service has: what the scenario contrasts by settings cannot be seen.';

function isWhole(variants: readonly VariantRun[]): boolean {
  return variants.length > 0 && variants.every(({ name }) => name !== AS_IT_RUNS);
}

interface Run {
  readonly variants: readonly VariantRun[];
  readonly seconds: number;
  readonly short: boolean;
  readonly busyBefore: number;
}

/** Draws the conclusions from what was measured. */
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
    seen: isWhole(variants) ? scenario.concludes({ variants }) : WITHOUT_SETTINGS,
    lesson: drawLesson(chart, variants),
    verdicts,
    variants,
    seconds,
    passed: verdicts.every(({ holds }) => holds !== false),
  };
}

/** One that could not be run to its end. */
export function reportFailure(scenario: Scenario, error: unknown, seconds: number): ScenarioReport {
  const { name, title, teaches, expects, chart } = scenario;
  const seen = `It could not be run to its end: ${error instanceof Error ? error.message : String(error)}`;
  const lesson = drawLesson(chart, []);
  return {
    name,
    title,
    teaches,
    expects,
    seen,
    lesson,
    verdicts: [],
    variants: [],
    seconds,
    passed: false,
  };
}

function drawLesson(chart: LessonChart, variants: readonly VariantRun[]): Lesson {
  const { kind, yLabel, unit, logarithmic = false } = chart;
  const axis =
    chart.kind === 'curve'
      ? { xLabel: chart.xLabel, xUnit: chart.xUnit }
      : { xLabel: 'time', xUnit: 'seconds' as const };
  const series = variants.map((variant) => ({ name: variant.name, points: pointsOf(chart, variant) }));
  // A curve with one point for each variant, all at places of their own, is one line through all of them.
  const single =
    kind === 'curve' &&
    series.every(({ points }) => points.length === 1) &&
    new Set(series.map(({ points }) => points[0]?.x)).size === series.length
      ? [{ name: yLabel, points: series.flatMap(({ points }) => points) }]
      : series;
  return { kind, ...axis, yLabel, unit, logarithmic, series: single };
}

function pointsOf(chart: LessonChart, variant: VariantRun): readonly Point[] {
  if (chart.kind === 'time') return chart.of(variant);
  return variant.phases.flatMap((phase) => {
    const x = chart.x === undefined ? phase.x : chart.x(phase);
    const y = chart.of(phase, variant);
    return x === undefined || y === undefined ? [] : [{ x, y }];
  });
}
