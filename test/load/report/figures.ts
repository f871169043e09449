/** Which figures a scenario is shown in. */
import { MAIN, PROBE, type Point, type ServerSample, type VariantRun, type Window } from '../scenario.ts';
import type { Figure, Line, Panel } from './figure.ts';
import type { Lesson, ScenarioReport } from './report.ts';

/** Samples further apart than this have a gap between them: the server did not answer. */
const GAP_S = 2.5;

/** The lesson: all variants in one chart, and where there is one, an earlier run as dotted lines. */
export function lessonFigure({ title, lesson, variants }: ScenarioReport, earlier?: Lesson): Figure {
  const hueOf = (name: string) => lesson.series.findIndex((series) => series.name === name);
  const before = (earlier?.series ?? []).filter(({ name }) => hueOf(name) !== -1);
  return {
    title: `${title}: ${lesson.yLabel} by ${lesson.xLabel}, ${lesson.series.map(({ name }) => name).join(' against ')}`,
    x: { label: lesson.xLabel, unit: lesson.xUnit },
    legend: lesson.series.map(({ name }) => name),
    dots: lesson.kind === 'curve',
    gap: lesson.kind === 'time' ? GAP_S : Infinity,
    ...(lesson.kind === 'time' ? { stretches: stretchesOf(variants), marks: marksOf(variants) } : {}),
    panels: [
      {
        label: lesson.yLabel,
        unit: lesson.unit,
        logarithmic: lesson.logarithmic,
        lines: [
          ...before.map(({ name, points }) => ({ hue: hueOf(name), points, faint: true })),
          ...lesson.series.map(({ points }, hue) => ({ hue, points })),
        ],
      },
    ],
  };
}

/** Both sides on one time axis: what clients saw above, how the server felt below. */
export function timeFigure({ title, variants }: ScenarioReport): Figure {
  const seen = (
    read: (window: Window) => number | null,
    { stream = MAIN, faint = false }: { stream?: string; faint?: boolean } = {},
  ): Line[] =>
    variants.map(({ windows }, hue) => ({ hue, faint, points: pick(windows[stream] ?? [], read) }));
  const felt = (read: (sample: ServerSample) => number | null): Line[] =>
    variants.map(({ server }, hue) => ({ hue, points: pick(server, read) }));
  const panels: Panel[] = [
    {
      label: 'latency: p99, and p50 dotted',
      unit: 'ms',
      logarithmic: true,
      lines: [...seen(({ p99 }) => p99), ...seen(({ p50 }) => p50, { faint: true })],
    },
    {
      label: 'answers in time a second; dotted: the rest',
      unit: 'per second',
      lines: [
        ...seen(({ goodput }) => goodput),
        ...seen(({ sentPerSecond, goodput }) => sentPerSecond - goodput, { faint: true }),
      ],
    },
    {
      label: 'p99 of /livez',
      unit: 'ms',
      logarithmic: true,
      lines: seen(({ p99 }) => p99, { stream: PROBE }),
    },
    {
      label: 'event loop at most late by',
      unit: 'ms',
      logarithmic: true,
      lines: felt(({ maxDelayMs }) => maxDelayMs),
    },
    { label: 'memory of all workers', unit: 'bytes', lines: felt(({ rssBytes }) => rssBytes) },
  ];
  return {
    title: `${title}: latency, throughput, event-loop delay and memory over time`,
    x: { label: 'time', unit: 'seconds' },
    legend: variants.map(({ name }) => name),
    gap: GAP_S,
    stretches: stretchesOf(variants),
    marks: marksOf(variants),
    panels: panels.filter(({ lines }) => lines.some(({ points }) => points.length > 0)),
  };
}

function pick<T extends { readonly atS: number }>(
  list: readonly T[],
  read: (item: T) => number | null,
): Point[] {
  return list.flatMap((item) => {
    const y = read(item);
    return y === null ? [] : [{ x: item.atS, y }];
  });
}

/** The phases, named where all variants have the same at the same time. */
function stretchesOf(variants: readonly VariantRun[]) {
  const [first, ...others] = variants;
  if (first === undefined || first.phases.length < 2) return [];
  const alike = others.every(({ phases }) =>
    phases.every(({ name }, index) => first.phases[index]?.name === name),
  );
  if (!alike) return [];
  return first.phases.map(({ name, fromS: from, toS: to }) => ({ name, from, to }));
}

function marksOf(variants: readonly VariantRun[]): Point[] {
  return variants.slice(0, 1).flatMap(({ marks }) => marks.map(({ atS }) => ({ x: atS, y: 0 })));
}
