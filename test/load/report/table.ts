import { compareReports, whyNotAlike } from '../compare.ts';
import { MAIN, PROBE, type Figures, type PhaseRun, type VariantRun } from '../scenario.ts';
import { describeRun, type Report, type ScenarioReport } from './report.ts';
import { format, formatMs } from './units.ts';

const WIDEST = 120;
const NARROWEST = 60;
const GAP = 2;

interface Column {
  readonly head: string;
  readonly cell: (phase: PhaseRun, variant: VariantRun) => string;
  /** Left out where there is no room; the highest first. */
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
  { head: 'refused', cell: (phase) => sum(main(phase), 'shed', 'limited') },
  { head: 'failed', cell: (phase) => sum(main(phase), 'late', 'other', 'failed'), dispensable: 0.5 },
  { head: 'livez p99', cell: ({ streams }) => formatMs(streams[PROBE]?.p99) },
  { head: 'loop late', cell: ({ server }) => formatMs(server?.maxDelayMs), dispensable: 2 },
  {
    head: 'CPU',
    cell: ({ server }) => (server === null ? '–' : `${server.cpuPercent} %`),
    dispensable: 3,
  },
  {
    head: 'memory',
    cell: ({ server }) => (server === null ? '–' : format(server.peakRssBytes, 'bytes')),
    dispensable: 1.5,
  },
];

/** The column of the phases' names. */
const PHASE = 1;

/** The whole report for a terminal of so many columns. */
export function renderReport(report: Report, width: number, earlier?: Report): string {
  const room = Math.min(Math.max(width, NARROWEST), WIDEST);
  const failed = report.scenarios.filter(({ passed }) => !passed);
  const seconds = Math.round(report.scenarios.reduce((sum, scenario) => sum + scenario.seconds, 0));
  const passed = report.scenarios.length - failed.length;
  return [
    ...report.scenarios.map((scenario) => renderScenario(scenario, room)),
    ...(earlier === undefined ? [] : [renderComparison(earlier, report, room)]),
    wrap(describeRun(report), room),
    `${passed} of ${report.scenarios.length} scenarios within their thresholds, in ${seconds} s.`,
    '',
  ].join('\n');
}

function renderScenario({ name, title, seen, verdicts, variants }: ScenarioReport, room: number): string {
  const rows = variants.flatMap((variant) =>
    variant.phases.map((phase) => columns.map(({ cell }) => cell(phase, variant))),
  );
  const notes = variants.flatMap((variant) =>
    variant.notes.map((note) => wrap(`${variant.name}: ${note}.`, room, '    ')),
  );
  return [
    `${name} — ${title}`,
    ...(rows.length === 0 ? [] : [renderRows(rows, room)]),
    wrap(seen, room),
    ...notes,
    ...verdicts.map(({ what, measured, bound, holds }) =>
      wrap(
        `${holds === null ? '  · ' : holds ? 'pass' : 'FAIL'}  ${what}: ${measured}, ${bound}`,
        room,
        '      ',
      ),
    ),
    '',
  ].join('\n');
}

/** As many columns as there is room for. */
function renderRows(rows: readonly (readonly string[])[], room: number): string {
  let chosen = columns.map((_, index) => index);
  const widthOf = (index: number) =>
    Math.max(columns[index]?.head.length ?? 0, ...rows.map((row) => row[index]?.length ?? 0));
  const total = () => chosen.reduce((sum, index) => sum + widthOf(index) + GAP, 2 - GAP);
  while (total() > room) {
    const next = chosen
      .filter((index) => columns[index]?.dispensable !== undefined)
      .sort((a, b) => (columns[b]?.dispensable ?? 0) - (columns[a]?.dispensable ?? 0))[0];
    if (next === undefined) break;
    chosen = chosen.filter((index) => index !== next);
  }
  const spare = Math.min(0, room - total());
  const nameWidth = widthOf(PHASE) + spare; // what no column can give up, the longest names do
  const line = (cells: (index: number) => string) =>
    `  ${chosen
      .map((index) =>
        index === PHASE
          ? shorten(cells(index), nameWidth).padEnd(nameWidth)
          : index < PHASE
            ? cells(index).padEnd(widthOf(index))
            : cells(index).padStart(widthOf(index)),
      )
      .join(' '.repeat(GAP))}`.trimEnd();
  // A variant is named once, above its phases.
  return [
    line((index) => columns[index]?.head ?? ''),
    ...rows.map((row, at) =>
      line((index) => (index === 0 && rows[at - 1]?.[0] === row[0] ? '' : (row[index] ?? ''))),
    ),
  ].join('\n');
}

function renderComparison(earlier: Report, now: Report, room: number): string {
  const caution = whyNotAlike(earlier, now);
  const changes = compareReports(earlier, now);
  const cells = changes.map(({ scenario, variant, phase, goodput, p99 }) => [
    `${scenario}: ${variant}, ${phase}`,
    `${number(goodput.before)} → ${number(goodput.now)}/s`,
    `p99 ${formatMs(p99.before)} → ${formatMs(p99.now)}`,
    p99.ratio === null ? '–' : format(p99.ratio, 'times'),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0), 0));
  const one = widths.reduce((sum, width) => sum + width + GAP, 2);
  const lines = cells.map(([what = '', rate = '', latency = '', ratio = '']) =>
    one <= room
      ? `  ${what.padEnd(widths[0] ?? 0)}  ${rate.padEnd(widths[1] ?? 0)}  ${latency.padEnd(widths[2] ?? 0)}  ${ratio}`
      : `  ${what}\n      ${rate}, ${latency}, ${ratio}`,
  );
  return [
    `Against the run of ${earlier.at}`,
    ...(caution === undefined ? [] : [wrap(`Not like for like: ${caution}.`, room)]),
    ...(lines.length === 0 ? ['  There is no phase in both.'] : lines),
    '',
  ].join('\n');
}

function sum(
  figures: Figures | undefined,
  ...of: readonly ('shed' | 'limited' | 'late' | 'other' | 'failed')[]
) {
  return figures === undefined ? '–' : String(of.reduce((total, name) => total + figures[name], 0));
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}

function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return value.toFixed(value < 10 && value % 1 !== 0 ? 1 : 0);
}

/** @param indent before every line but the first, which has it as far as it is not filled */
export function wrap(text: string, room: number, indent = '  '): string {
  const lines: string[] = [];
  let line = text.startsWith(' ') || /^(pass|FAIL)/.test(text) ? '' : indent;
  for (const word of text.split(' ')) {
    const longer = line === '' || line === indent ? line + word : `${line} ${word}`;
    if (longer.length > room && line.trim() !== '') {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line].join('\n');
}
