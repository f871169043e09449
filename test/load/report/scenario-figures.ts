/** The charts of a scenario. */
import { MAIN, PROBE, type Point, type ServerSample, type VariantRun, type Window } from '../scenario.ts';
import type { Figure, Line, Panel } from './draw-figure.ts';
import type { Lesson, ScenarioReport } from './report.ts';
import { formatList } from './units.ts';

/** A longer time without samples is a gap in the line: the server did not respond. */
const GAP_S = 2.5;

/** The lesson: all variants in one chart, and an earlier run as dotted lines. */
export function lessonFigure({ title, lesson, variants }: ScenarioReport, earlier?: Lesson): Figure {
  const hueOf = (name: string) => lesson.series.findIndex((series) => series.name === name);
  const before = (earlier?.series ?? []).filter(({ name }) => hueOf(name) !== -1);
  const legend = lesson.series.map(({ name }) => name);
  return {
    title: `${title}: ${lesson.yLabel} by ${lesson.xLabel}${legend.length > 1 ? ` (${formatList(legend)})` : ''}`,
    x: { label: lesson.xLabel, unit: lesson.xUnit },
    legend,
    ...(lesson.kind === 'curve'
      ? { dots: true }
      : { gap: GAP_S, phases: phasesOf(variants), marks: marksOf(variants) }),
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

/** Clients and server on one time axis. */
export function timeFigure({ title, variants }: ScenarioReport): Figure {
  const clients = (read: (window: Window) => number | null, stream = MAIN): Line[] =>
    variants.map(({ windows }, hue) => ({ hue, points: pick(windows[stream] ?? [], read) }));
  const server = (read: (sample: ServerSample) => number | null): Line[] =>
    variants.map((variant, hue) => ({ hue, points: pick(variant.server, read) }));
  const faint = (lines: readonly Line[]) => lines.map((line) => ({ ...line, faint: true }));
  const panels: Panel[] = [
    {
      label: 'latency: p99, dotted: p50',
      unit: 'ms',
      logarithmic: true,
      lines: [...clients(({ p99 }) => p99), ...faint(clients(({ p50 }) => p50))],
    },
    {
      label: 'goodput, dotted: all other requests',
      unit: 'per second',
      lines: [
        ...clients(({ goodput }) => goodput),
        ...faint(clients(({ sentPerSecond, goodput }) => sentPerSecond - goodput)),
      ],
    },
    {
      label: 'p99 of /livez',
      unit: 'ms',
      logarithmic: true,
      lines: clients(({ p99 }) => p99, PROBE),
    },
    {
      label: 'maximum event-loop delay',
      unit: 'ms',
      logarithmic: true,
      lines: server(({ maxDelayMs }) => maxDelayMs),
    },
    { label: 'memory of all workers', unit: 'bytes', lines: server(({ rssBytes }) => rssBytes) },
  ];
  return {
    title: `${title}: latency, throughput, event-loop delay and memory over time`,
    x: { label: 'time', unit: 'seconds' },
    legend: variants.map(({ name }) => name),
    gap: GAP_S,
    phases: phasesOf(variants),
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

/** The phases, if all variants have the same ones. */
function phasesOf(variants: readonly VariantRun[]) {
  const [first, ...others] = variants;
  if (first === undefined || first.phases.length < 2) return [];
  const same = others.every(({ phases }) =>
    phases.every(({ name }, index) => first.phases[index]?.name === name),
  );
  if (!same) return [];
  return first.phases.map(({ name, fromS: from, toS: to }) => ({ name, from, to }));
}

function marksOf(variants: readonly VariantRun[]): Point[] {
  return variants.slice(0, 1).flatMap(({ marks }) => marks.map(({ atS }) => ({ x: atS, y: 0 })));
}
