/** `npm run load [-- scenarios] [options]`: runs load scenarios and reports the results; `--help` lists the options. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { exitCodes } from '../../src/supervision/exit-codes.ts';
import { readArguments, UsageError, type Arguments } from './arguments.ts';
import { help, listScenarios } from './help.ts';
import { scenarios } from './list.ts';
import { measureBusyness } from './machine.ts';
import { Progress } from './progress.ts';
import { renderPage } from './report/page.ts';
import { createReport, reportFailure, reportOn, type ScenarioReport } from './report/report.ts';
import { renderReport } from './report/table.ts';
import { writeCharts } from './report/write-charts.ts';
import { runScenario, secondsOf, type Conditions } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';

try {
  const names = scenarios.map(({ name }) => name);
  const args = readArguments(process.argv.slice(2), names);
  if (args.help) process.stdout.write(help);
  else if (args.names.length === 0) process.stdout.write(listScenarios(scenarios, terminalWidth()));
  else process.exitCode = await run(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`load: ${error.message}\n`);
  process.exitCode = exitCodes.badUsage.code;
}

/** @returns the exit code */
async function run(args: Arguments): Promise<number> {
  const { short, url, managementUrl, earlier } = args;
  const chosen = scenarios.filter(({ name }) => args.names.includes(name));
  const seconds = chosen.reduce((sum, { variants }) => sum + secondsOf(variants(short)), 0);
  const progress = new Progress(process.stderr, seconds);
  const resources = new Set<AsyncDisposable>();
  cleanUpOnSignal(resources, progress);
  if (url !== undefined) {
    await assertResponds(url);
    progress.log(`${url} keeps its settings: variants that differ by settings only are not compared`);
  }
  const busyBefore = await measureBusyness();
  const running = url === undefined ? {} : { running: { url, managementUrl } };
  const conditions: Conditions = { short, progress, resources, ...running };
  const reports: ScenarioReport[] = [];
  for (const scenario of chosen) reports.push(await runOne(scenario, conditions, busyBefore));
  progress.clear();

  const report = createReport(reports, { short, url: url ?? null, busyBefore });
  const json = `${JSON.stringify(report, null, 1)}\n`;
  process.stdout.write(args.json ? json : renderReport(report, terminalWidth(), earlier));
  mkdirSync(args.out, { recursive: true });
  const name = report.at.replace(/[:.]/g, '-');
  const files = { html: join(args.out, `${name}.html`), json: join(args.out, `${name}.json`) };
  writeFileSync(files.html, renderPage(report, earlier));
  writeFileSync(files.json, json);
  process.stderr.write(`load: wrote ${pathToFileURL(resolve(files.html)).href} and ${files.json}\n`);
  if (args.charts !== undefined) process.stderr.write(`load: ${writeCharts(report, args.charts)}\n`);
  return reports.every(({ passed }) => passed) ? 0 : 1;
}

async function runOne(
  scenario: Scenario,
  conditions: Conditions,
  busyBefore: number,
): Promise<ScenarioReport> {
  const { progress, short } = conditions;
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10;
  const report = await runScenario(scenario, conditions)
    .then((variants) => reportOn(scenario, { variants, seconds: seconds(), short, busyBefore }))
    .catch((error: unknown) => reportFailure(scenario, error, seconds()));
  progress.log(`${report.passed ? 'pass' : 'FAIL'} ${scenario.name} (${report.seconds} s): ${report.seen}`);
  return report;
}

/** An interrupted run ends everything that it started. */
function cleanUpOnSignal(resources: ReadonlySet<AsyncDisposable>, progress: Progress): void {
  const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
  for (const [signal, code] of Object.entries(codes)) {
    process.once(signal, () => {
      progress.log(`${signal}: cleaning up`);
      void Promise.allSettled([...resources].map((resource) => resource[Symbol.asyncDispose]())).then(() =>
        process.exit(code),
      );
    });
  }
}

async function assertResponds(url: string): Promise<void> {
  const response = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  if (response?.ok !== true)
    throw new UsageError(`${url}/livez does not respond: start the service first, or omit --url.`);
}

function terminalWidth(): number {
  const columns = process.stdout.columns as number | undefined; // undefined unless it is a terminal
  return columns ?? (Number(process.env['COLUMNS']) || 120);
}
