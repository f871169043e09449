/** A report as text for a terminal. */
import { renderTable, tableWidth, wrap, type TableColumn } from '../../../src/shared/text-table.ts';
import { compareReports, describeMismatch } from '../compare.ts';
import { MAIN, PROBE, type Figures, type PhaseRun, type VariantRun } from '../scenario.ts';
import { describeRun, type Report, type ScenarioReport } from './report.ts';
import { format, formatMs } from './units.ts';

const MAX_WIDTH = 120;
const MIN_WIDTH = 60;

interface Column {
  readonly head: string;
  readonly cell: (phase: PhaseRun, variant: VariantRun) => string;
  /** Omitted if the table is too wide, the highest number first. */
  readonly dispensable?: number;
}

const main = ({ streams }: PhaseRun): Figures | undefined => streams[MAIN];

const columns: readonly Column[] = [
  { head: 'variant', cell: (_, { name }) => name },
  { head: 'phase', cell: ({ name }) => name },
  { head: 'sent/s', cell: (phase) => number(main(phase)?.sentPerSecond) },
  { head: 'ok/s', cell: (phase) => number(main(phase)?.goodput) },
  { head: 'p50', cell: (phase) => formatMs(main(phase)?.p50), dispensable: 1 },
  { head: 'p99', cell: (phase) => formatMs(main(phase)?.p99) },
  { head: 'rejected', cell: (phase) => sum(main(phase), 'shed', 'limited') },
  { head: 'late/failed', cell: (phase) => sum(main(phase), 'late', 'other', 'failed'), dispensable: 0.5 },
  { head: 'livez p99', cell: ({ streams }) => formatMs(streams[PROBE]?.p99) },
  { head: 'loop delay', cell: ({ server }) => formatMs(server?.maxDelayMs), dispensable: 2 },
  {
    head: 'CPU',
    cell: ({ server }) => (server === null ? '–' : `${server.cpuPercent}%`),
    dispensable: 3,
  },
  {
    head: 'memory',
    cell: ({ server }) => (server === null ? '–' : format(server.peakRssBytes, 'bytes')),
    dispensable: 1.5,
  },
];

/** The variant and the phase are text, everything else is a figure. */
const TEXT_COLUMNS = 2;

/** The whole report for a terminal of a width in columns. */
export function renderReport(report: Report, width: number, earlier?: Report): string {
  const room = Math.min(Math.max(width, MIN_WIDTH), MAX_WIDTH);
  const failed = report.scenarios.filter(({ passed }) => !passed);
  const seconds = Math.round(report.scenarios.reduce((total, scenario) => total + scenario.seconds, 0));
  const passed = report.scenarios.length - failed.length;
  return [
    ...report.scenarios.map((scenario) => renderScenario(scenario, room)),
    ...(earlier === undefined ? [] : [renderComparison(earlier, report, room)]),
    wrapIndented(describeRun(report), room),
    `${passed} of ${report.scenarios.length} scenarios passed in ${seconds} s.`,
    '',
  ].join('\n');
}

function renderScenario({ name, title, seen, verdicts, variants }: ScenarioReport, room: number): string {
  return [
    `${name}: ${title}`,
    ...(variants.some(({ phases }) => phases.length > 0) ? [renderPhases(variants, room)] : []),
    wrapIndented(seen, room),
    ...variants.flatMap((variant) =>
      variant.notes.map((note) => wrapIndented(`${variant.name}: ${note}.`, room, '    ')),
    ),
    ...verdicts.map(({ what, measured, bound, holds }) => {
      const mark = holds === null ? '  · ' : holds ? 'pass' : 'FAIL';
      return wrapIndented(`${what}: ${measured}, ${bound}`, room, '      ').replace('      ', `${mark}  `);
    }),
    '',
  ].join('\n');
}

/** A row per phase, with as many columns as fit. A variant is named once, above its phases. */
function renderPhases(variants: readonly VariantRun[], room: number): string {
  const indent = '  ';
  const rows = variants.flatMap((variant) =>
    variant.phases.map((phase, index) => ({ variant, phase, index })),
  );
  const render = ({ head, cell }: Column, at: number): TableColumn => ({
    head,
    cells: rows.map(({ variant, phase, index }) => (at === 0 && index > 0 ? '' : cell(phase, variant))),
    align: at < TEXT_COLUMNS ? 'left' : 'right',
  });
  let chosen = [...columns];
  const width = () => tableWidth(chosen.map(render)) + indent.length;
  while (width() > room) {
    const [next] = chosen
      .filter(({ dispensable }) => dispensable !== undefined)
      .sort((a, b) => (b.dispensable ?? 0) - (a.dispensable ?? 0));
    if (next === undefined) break;
    chosen = chosen.filter((column) => column !== next);
  }
  const lines = renderTable(chosen.map(render), room - indent.length) ?? [];
  return lines.map((line) => indent + line).join('\n');
}

function renderComparison(earlier: Report, now: Report, room: number): string {
  const indent = '  ';
  const mismatch = describeMismatch(earlier, now);
  const changes = compareReports(earlier, now);
  const table = renderTable(
    [
      {
        head: 'phase',
        cells: changes.map(({ scenario, variant, phase }) => `${scenario}: ${variant}, ${phase}`),
      },
      {
        head: 'ok/s',
        cells: changes.map(({ goodput }) => `${number(goodput.before)} → ${number(goodput.now)}`),
      },
      { head: 'p99', cells: changes.map(({ p99 }) => `${formatMs(p99.before)} → ${formatMs(p99.now)}`) },
      {
        head: 'ratio',
        cells: changes.map(({ p99 }) => (p99.ratio === null ? '–' : format(p99.ratio, 'times'))),
        align: 'right',
      },
    ],
    room - indent.length,
  );
  return [
    `Compared with the run of ${earlier.at}`,
    ...(mismatch === undefined ? [] : [wrapIndented(`Not comparable: ${mismatch}.`, room)]),
    ...(changes.length === 0
      ? ['  The two runs have no phase in common.']
      : (table ?? []).map((line) => indent + line)),
    '',
  ].join('\n');
}

function sum(
  figures: Figures | undefined,
  ...of: readonly ('shed' | 'limited' | 'late' | 'other' | 'failed')[]
) {
  return figures === undefined ? '–' : String(of.reduce((total, name) => total + figures[name], 0));
}

function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return value.toFixed(value < 10 && value % 1 !== 0 ? 1 : 0);
}

/** Wraps a text to lines of at most `room` columns, each with an indent. */
export function wrapIndented(text: string, room: number, indent = '  '): string {
  return wrap(text, room - indent.length)
    .map((line) => indent + line)
    .join('\n');
}
