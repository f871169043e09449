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
async function run({ chosen, short, again, json }: Arguments): Promise<number> {
  const progress = new Progress(process.stderr);
  const startedAt = performance.now();
  const rows: Row[] = [];
  for (const [index, fault] of chosen.entries()) {
    const show = (text: string) => {
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      progress.show(`${index + 1} of ${chosen.length}, ${seconds} s: ${fault.name}: ${text}`);
    };
    const runOnce = async () => {
      const row = await runFault(fault, new Sandbox(short, show));
      progress.done(row);
      return row;
    };
    const first = await runOnce();
    rows.push(first.passed || !again ? first : markRetried(first, await runOnce()));
  }
  progress.end();
  const width = process.stdout.isTTY ? process.stdout.columns : WIDTH;
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : renderReport(rows, width));
  return rows.every(({ passed }) => passed) ? 0 : 1;
}

function markRetried(first: Row, second: Row): Row {
  return { ...second, figure: `retried: ${second.figure} (first run: ${first.figure})` };
}

async function runFault(fault: Fault, sandbox: Sandbox): Promise<Row> {
  // A signal to this process does not reach the programs of the sandbox: they have process groups of their own.
  const interrupt = () => void sandbox.close().finally(() => process.exit(INTERRUPTED));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt);
  const startedAt = performance.now();
  sandbox.show('starting');
  const { figure, checks } = await fault.run(sandbox).catch((error: unknown) => ({
    figure: error instanceof Error ? error.message.slice(0, 300) : String(error),
    checks: { 'run completed': false },
  }));
  const left = await sandbox.close();
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupt);
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
