/** The report as a self-contained HTML page without scripts or network requests. */
import { compareReports, describeMismatch } from '../compare.ts';
import { MAIN, PROBE } from '../scenario.ts';
import { drawFigure, escape, type Figure } from './draw-figure.ts';
import { figureStyle } from './figure-style.ts';
import { pageStyle } from './page-style.ts';
import { describeRun, type Report, type ScenarioReport } from './report.ts';
import { lessonFigure, timeFigure } from './scenario-figures.ts';
import { format, formatMs } from './units.ts';

export function renderPage(report: Report, earlier?: Report): string {
  const { at, url, scenarios } = report;
  const when = at.replace('T', ' ').replace(/\..*/, ' UTC');
  const target = url === null ? '' : ` Running service: ${escape(url)}.`;
  const summary = scenarios.map(
    ({ name, title, passed }) =>
      `<li>${mark(passed)} <a href="#${name}">${name}</a> <span>${escape(title)}</span></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Load report, ${when}</title>
<style>
${pageStyle}
${figureStyle}
</style>
</head>
<body>
<header>
<h1>Load report</h1>
<p>${when}, ${escape(describeRun(report))}${target}</p>
<ul class="summary">${summary.join('')}</ul>
</header>
<main>
${scenarios.map((scenario) => renderScenario(scenario, earlier)).join('\n')}
${earlier === undefined ? '' : renderComparison(earlier, report)}
</main>
</body>
</html>
`;
}

function renderScenario(scenario: ScenarioReport, earlier: Report | undefined): string {
  const { name, title, teaches, expects, seen, verdicts, variants, passed } = scenario;
  const before = earlier?.scenarios.find((other) => other.name === name)?.lesson;
  const drawn = variants.length > 0;
  const notes = variants.flatMap(({ name: variant, notes: all }) =>
    all.map((note) => `${variant}: ${note}.`),
  );
  return `<section id="${name}">
<h2>${mark(passed)} ${escape(title)}</h2>
<p class="teaches">${escape(teaches)}</p>
<div class="lesson">
${drawn ? `<figure>${inSizes(lessonFigure(scenario, before), { wide: [680, 300], narrow: [344, 220] })}${before === undefined ? '' : '<figcaption>Dotted: the earlier run.</figcaption>'}</figure>` : ''}
<div>
<dl><dt>Expected</dt><dd>${escape(expects)}</dd><dt>Measured</dt><dd>${escape(seen)}</dd></dl>
<ul class="verdicts">${verdicts.map(({ what, measured, bound, holds }) => `<li>${mark(holds)} ${escape(what)}: <b>${escape(measured)}</b>, ${escape(bound)}</li>`).join('')}</ul>
${notes.map((note) => `<p class="note">${escape(note)}</p>`).join('')}
</div>
</div>
${drawn ? `<figure>${inSizes(timeFigure(scenario), { wide: [1120, 96], middle: [680, 96], narrow: [344, 90] })}<figcaption>Clients and server on one time axis, without the pauses between phases.</figcaption></figure>` : ''}
${drawn ? renderTable(scenario) : ''}
</section>`;
}

/** Draws a figure in several widths; the page shows the one that fits, so that text keeps its size. */
function inSizes(figure: Figure, sizes: Readonly<Record<string, readonly [number, number]>>): string {
  const named = Object.keys(sizes).join(' ');
  return Object.entries(sizes)
    .map(
      ([name, [width, height]]) =>
        `<div class="size ${name} of-${named.replaceAll(' ', '-')}">${drawFigure(figure, { width, height })}</div>`,
    )
    .join('');
}

const head = [
  ...['variant', 'phase', 'sent/s', 'ok/s', 'p50', 'p90', 'p99', 'max', '503', '429', 'late', 'failed'],
  ...['/livez p99', 'loop delay', 'CPU', 'memory'],
];

function renderTable({ name, variants }: ScenarioReport): string {
  const rows = variants.flatMap((variant) =>
    variant.phases.map(({ name: phase, streams, server }) => {
      const main = streams[MAIN];
      return [
        variant.name,
        phase,
        main?.sentPerSecond.toFixed(1) ?? '–',
        main?.goodput.toFixed(1) ?? '–',
        ...[main?.p50, main?.p90, main?.p99, main?.max].map(formatMs),
        ...[main?.shed, main?.limited, main?.late, main?.failed].map((count) => String(count ?? '–')),
        formatMs(streams[PROBE]?.p99),
        formatMs(server?.maxDelayMs),
        server === null ? '–' : `${server.cpuPercent}%`,
        server === null ? '–' : format(server.peakRssBytes, 'bytes'),
      ];
    }),
  );
  const settings = variants.flatMap(({ name: variant, settings: set }) => {
    const list = Object.entries(set).map(([key, value]) => `${key}=${value}`);
    return list.length === 0 ? [] : [`${variant}: ${list.join(' ')}`];
  });
  return `<details><summary>Figures of ${escape(name)}</summary>
<div class="scroll" tabindex="0" role="group" aria-label="figures">${table(head, rows)}</div>
<p class="note">${settings.map(escape).join('<br>')}</p>
</details>`;
}

function renderComparison(earlier: Report, now: Report): string {
  const mismatch = describeMismatch(earlier, now);
  const rows = compareReports(earlier, now).map(({ scenario, variant, phase, goodput, p99 }) => [
    scenario,
    variant,
    phase,
    `${goodput.before ?? '–'} → ${goodput.now ?? '–'}`,
    goodput.ratio === null ? '–' : format(goodput.ratio, 'times'),
    `${formatMs(p99.before)} → ${formatMs(p99.now)}`,
    p99.ratio === null ? '–' : format(p99.ratio, 'times'),
  ]);
  return `<section id="comparison">
<h2>Compared with the run of ${escape(earlier.at)}</h2>
${mismatch === undefined ? '' : `<p>Not comparable: ${escape(mismatch)}.</p>`}
<div class="scroll" tabindex="0" role="group" aria-label="figures">${table(['scenario', 'variant', 'phase', 'ok/s', 'ratio', 'p99', 'ratio'], rows)}</div>
</section>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('');
  return `<table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table>`;
}

function mark(holds: boolean | null): string {
  if (holds === null) return '<span class="verdict none">not judged</span>';
  return holds ? '<span class="verdict pass">pass</span>' : '<span class="verdict fail">FAIL</span>';
}
