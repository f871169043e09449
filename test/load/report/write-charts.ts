import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawFigure } from './draw-figure.ts';
import { toFile } from './figure-style.ts';
import { describeRun, type Report, type ScenarioReport } from './report.ts';
import { lessonFigure } from './scenario-figures.ts';

const BEGIN = '<!-- measured: written by npm run load -- all --charts docs/load -->';
const END = '<!-- /measured -->';
const PAGE = 'README.md';

/**
 * Writes the chart of each scenario as SVG, and the results to the page next to them.
 *
 * @returns a sentence about what was written
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
  writeFileSync(page, replaceMeasured(before, describeMeasured(report)));
  return `wrote ${shown.length} charts to ${folder}, and the results to ${page}`;
}

/** Replaces the text between the markers. @throws {Error} if they are missing */
function replaceMeasured(page: string, measured: string): string {
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`${PAGE} has no "${BEGIN}" and "${END}"`);
  return `${head}${BEGIN}\n\n${measured}\n${END}${tail}`;
}

function describeMeasured(report: Report): string {
  const [day = ''] = report.at.split('T');
  const introduction = `Measured on ${day} with ${describeRun(report)}\n`;
  return [introduction, ...report.scenarios.map(describeScenario)].join('\n');
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
    `**Measured.** ${seen}\n`,
    ...judged,
    '',
  ].join('\n');
}
