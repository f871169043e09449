import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawFigure, toFile } from './figure.ts';
import { lessonFigure } from './figures.ts';
import { describeRun, type Report, type ScenarioReport } from './report.ts';

const BEGIN = '<!-- measured: written by npm run load -- all --charts docs/load -->';
const END = '<!-- /measured -->';
const PAGE = 'README.md';

/**
 * Writes the chart of each scenario as SVG, and into the page beside them what was seen.
 *
 * @returns what was written, for who asked
 */
export function writeCharts(report: Report, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const shown = report.scenarios.filter(({ variants }) => variants.length > 0);
  for (const scenario of shown) {
    const svg = drawFigure(lessonFigure(scenario), { width: 680, height: 260 });
    writeFileSync(join(folder, `${scenario.name}.svg`), toFile(svg));
  }
  const page = join(folder, PAGE);
  const before = existsSync(page) ? readFileSync(page, 'utf8') : `${BEGIN}\n${END}\n`;
  writeFileSync(page, putMeasured(before, describeMeasured(report)));
  return `${shown.length} charts are in ${folder}, and what was seen is in ${page}`;
}

/** Replaces what stands between the two marks. @throws {Error} where they are missing */
export function putMeasured(page: string, measured: string): string {
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`the page has no «${BEGIN}» and «${END}»`);
  return `${head}${BEGIN}\n\n${measured}\n${END}${tail}`;
}

function describeMeasured(report: Report): string {
  const [day = ''] = report.at.split('T');
  return [`Measured on ${day} with ${describeRun(report)}\n`, ...report.scenarios.map(describeScenario)].join(
    '\n',
  );
}

function describeScenario({ name, title, teaches, expects, seen, verdicts }: ScenarioReport): string {
  const judged = verdicts.map(
    ({ what, measured, bound, holds }) =>
      `- ${holds === null ? 'not judged' : holds ? 'pass' : '**fail**'}: ${what}: ${measured}, ${bound}`,
  );
  return [
    `### ${name}: ${title}\n`,
    `${teaches}\n`,
    `![${title}: the measured curve](${name}.svg)\n`,
    `**Expected.** ${expects}\n`,
    `**Seen.** ${seen}\n`,
    ...judged,
    '',
  ].join('\n');
}
