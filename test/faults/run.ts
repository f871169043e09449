/**
 * `npm run faults [-- names]`: starts a copy of the service for each fault and injects it; `--help` lists the faults and
 * the options.
 */
import process from 'node:process';
import { exitCodes } from '../../src/supervision/exit-codes.ts';
import { readArguments, renderHelp, UsageError, type Arguments } from './command-line.ts';
import type { Fault, Row } from './fault.ts';
import { faults } from './list.ts';
import { Sandbox } from './sandbox.ts';
import { Progress, renderReport } from './table.ts';

/** Columns of the table if the output is not a terminal. */
const WIDTH = 120;
/** As a shell reports SIGINT. */
const INTERRUPTED = 130;

try {
  const args = readArguments(process.argv.slice(2), faults);
  if (args.help) process.stdout.write(renderHelp(faults));
  else process.exitCode = await run(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`faults: ${error.message}\n`);
  process.exitCode = exitCodes.badUsage.code;
}

/** @returns the exit code */
async function run({ chosen, short, again, pairs, json }: Arguments): Promise<number> {
  const progress = new Progress(process.stderr);
  const startedAt = performance.now();
  const elapsed = () => Math.round((performance.now() - startedAt) / 1_000);
  const open = new Set<Sandbox>();
  // A signal to this process does not reach the programs of a sandbox: they have process groups of their own.
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      void Promise.all([...open].map((sandbox) => sandbox.close())).finally(() => process.exit(INTERRUPTED));
    });

  const rows = new Map<Fault, Row>();
  const runOnce = async (fault: Fault): Promise<Row> => {
    const show = (text: string) =>
      progress.show(`${rows.size + 1} of ${chosen.length}, ${elapsed()} s: ${fault.name}: ${text}`);
    const sandbox = await Sandbox.create(short, show);
    open.add(sandbox);
    const row = await runFault(fault, sandbox);
    open.delete(sandbox);
    progress.done(row);
    return row;
  };
  /** Runs one after the other. */
  const runAll = async (queue: Fault[]): Promise<void> => {
    for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
      rows.set(fault, await runOnce(fault));
    }
  };
  const shared = pairs ? chosen.filter(({ alone }) => alone !== true) : [];
  const others = chosen.filter((fault) => !shared.includes(fault));
  await Promise.all([runAll(shared), runAll(shared)]);
  await runAll(others);
  for (const [fault, first] of rows) {
    if (again && !first.passed) rows.set(fault, markRetried(first, await runOnce(fault)));
  }

  progress.end();
  const report = [...rows.values()].sort((one, other) => one.number - other.number);
  const width = process.stdout.isTTY ? process.stdout.columns : WIDTH;
  process.stdout.write(
    json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report, width, elapsed()),
  );
  return report.every(({ passed }) => passed) ? 0 : 1;
}

function markRetried(first: Row, second: Row): Row {
  return { ...second, figure: `retried: ${second.figure} (first run: ${first.figure})` };
}

async function runFault(fault: Fault, sandbox: Sandbox): Promise<Row> {
  const startedAt = performance.now();
  sandbox.show('starting');
  const { figure, checks } = await fault.run(sandbox).catch((error: unknown) => ({
    figure: error instanceof Error ? error.message.slice(0, 300) : String(error),
    checks: { 'run completed': false },
  }));
  const left = await sandbox.close();
  const allChecks = { ...checks, [`no process left behind (${left.join(', ')})`]: left.length === 0 };
  return {
    number: faults.indexOf(fault) + 1,
    name: fault.name,
    expects: fault.expects,
    figure,
    checks: allChecks,
    passed: Object.values(allChecks).every(Boolean),
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  };
}
