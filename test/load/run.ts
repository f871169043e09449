/**
 * `npm run load [-- names] [options]`: drives the real program, or a running one, through scenarios, and reports what
 * was seen. Exits with 1 if a threshold fails, with 2 if the command line cannot be used.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import process from 'node:process';
import { readArguments, UsageError, type Arguments } from './arguments.ts';
import { conduct, secondsOf, type Conditions } from './conduct.ts';
import { help, listScenarios } from './help.ts';
import { scenarios } from './list.ts';
import { measureBusyness } from './machine.ts';
import { Progress } from './progress.ts';
import { createReport, reportFailure, reportOn, type ScenarioReport } from './report/report.ts';
import { renderPage } from './report/page.ts';
import { renderReport } from './report/table.ts';
import { writeCharts } from './report/write-charts.ts';
import { runningTarget } from './target.ts';
import type { Scenario } from './scenario.ts';

try {
  const asked = readArguments(
    process.argv.slice(2),
    scenarios.map(({ name }) => name),
  );
  if (asked.help) process.stdout.write(help);
  else if (asked.names.length === 0)
    process.stdout.write(listScenarios(scenarios, columnsOf(process.stdout)));
  else process.exitCode = await run(asked);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`load: ${error.message}\n`);
  process.exitCode = 2;
}

/** @returns the exit code */
async function run(asked: Arguments): Promise<number> {
  const { short, url, managementUrl, earlier } = asked;
  const chosen = scenarios.filter(({ name }) => asked.names.includes(name));
  const seconds = chosen.reduce((sum, { variants }) => sum + secondsOf(variants(short)), 0);
  const progress = new Progress(process.stderr, seconds);
  const open = new Set<AsyncDisposable>();
  endOnSignal(open, progress);
  if (url !== undefined) {
    await assertAnswers(url);
    progress.say(
      `${url} is loaded as it runs: settings of scenarios are not applied, and what differs by them alone is not contrasted`,
    );
  }
  const busyBefore = await measureBusyness();
  const conditions: Conditions = {
    short,
    watch: progress,
    open,
    ...(url === undefined ? {} : { running: runningTarget(url, managementUrl) }),
  };
  const reports: ScenarioReport[] = [];
  for (const scenario of chosen) reports.push(await runOne(scenario, conditions, progress, busyBefore));
  progress.end();

  const report = createReport(reports, { short, url: url ?? null, busyBefore });
  const json = `${JSON.stringify(report, null, 1)}\n`;
  process.stdout.write(asked.json ? json : renderReport(report, columnsOf(process.stdout), earlier));
  mkdirSync(asked.out, { recursive: true });
  const name = report.at.replace(/[:.]/g, '-');
  const files = { html: join(asked.out, `${name}.html`), json: join(asked.out, `${name}.json`) };
  writeFileSync(files.html, renderPage(report, earlier));
  writeFileSync(files.json, json);
  process.stderr.write(
    `load: the report is ${pathToFileURL(resolve(files.html)).href}, as JSON ${files.json}\n`,
  );
  if (asked.charts !== undefined) process.stderr.write(`load: ${writeCharts(report, asked.charts)}\n`);
  return reports.every(({ passed }) => passed) ? 0 : 1;
}

async function runOne(
  scenario: Scenario,
  conditions: Conditions,
  progress: Progress,
  busyBefore: number,
): Promise<ScenarioReport> {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10;
  try {
    const variants = await conduct(scenario, conditions);
    const report = reportOn(scenario, { variants, seconds: seconds(), short: conditions.short, busyBefore });
    progress.say(`${report.passed ? 'pass' : 'FAIL'} ${scenario.name} (${report.seconds} s): ${report.seen}`);
    return report;
  } catch (error) {
    const report = reportFailure(scenario, error, seconds());
    progress.say(`FAIL ${scenario.name} (${report.seconds} s): ${report.seen}`);
    return report;
  }
}

/** Whoever breaks the run off leaves nothing running. */
function endOnSignal(open: ReadonlySet<AsyncDisposable>, progress: Progress): void {
  const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
  for (const [signal, code] of Object.entries(codes)) {
    process.once(signal, () => {
      progress.say(`${signal}: ending what was started`);
      void Promise.allSettled([...open].map((thing) => thing[Symbol.asyncDispose]())).then(() =>
        process.exit(code),
      );
    });
  }
}

async function assertAnswers(url: string): Promise<void> {
  try {
    const { ok } = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(5_000) });
    if (ok) return;
  } catch {
    // The same to whoever asked: there is nobody to load.
  }
  throw new UsageError(`${url}/livez does not answer: start the service first, or leave out --url.`);
}

function columnsOf({ columns }: { readonly columns?: number }): number {
  return columns ?? (Number(process.env['COLUMNS']) || 120);
}
