/**
 * `npm run faults [-- names] [--short] [--again] [--json]`: injects faults into the real program, with traffic running, and
 * prints a row for each. Exits with 1 if one fails.
 */
import process from 'node:process';
import { readCommandLine, type Order } from './command-line.ts';
import type { Fault, Row } from './fault.ts';
import { faults } from './list.ts';
import { Lab } from './lab.ts';
import { Progress, renderTable } from './table.ts';

/** Where the output is no screen. */
const WIDTH = 120;
/** As shells have it: what was started is ended first, for it is in process groups of its own. */
const INTERRUPTED = 130;

const order = readCommandLine(process.argv.slice(2), faults);
if ('chosen' in order) {
  await run(order);
} else {
  (order.exitCode === 0 ? process.stdout : process.stderr).write(order.text);
  process.exitCode = order.exitCode;
}

async function run({ chosen, short, again, json }: Order): Promise<void> {
  const progress = new Progress(process.stderr);
  const startedAt = performance.now();
  const rows: Row[] = [];
  for (const [index, fault] of chosen.entries()) {
    const say = (what: string) => {
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      progress.show(`${index + 1} of ${chosen.length}, ${seconds} s: ${fault.name}: ${what}`);
    };
    const once = async () => {
      const lab = new Lab(short, say);
      const stop = () => void lab.close().finally(() => process.exit(INTERRUPTED));
      for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
      const row = await runFault(fault, lab);
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop);
      progress.done(row);
      return row;
    };
    const first = await once();
    const row = first.passed || !again ? first : sayAgain(first, await once());
    rows.push(row);
  }
  progress.end();
  const width = process.stdout.isTTY ? process.stdout.columns : WIDTH;
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : renderTable(rows, width));
  process.exitCode = rows.every(({ passed }) => passed) ? 0 : 1;
}

/** What failed and then passed has not passed as one that never failed: the row says so. */
function sayAgain(first: Row, second: Row): Row {
  return { ...second, figure: `at the second try: ${second.figure} (the first: ${first.figure})` };
}

async function runFault(fault: Fault, lab: Lab): Promise<Row> {
  const { name, expects } = fault;
  const startedAt = performance.now();
  lab.say('starting');
  const finding = await fault.run(lab).catch((error: unknown) => ({
    figure: error instanceof Error ? error.message.slice(0, 300) : String(error),
    checks: { 'it ran to its end': false },
  }));
  const left = await lab.close();
  const checks = { ...finding.checks, [`nothing left behind (${left.join(', ')})`]: left.length === 0 };
  return {
    number: faults.indexOf(fault) + 1,
    name,
    expects,
    figure: finding.figure,
    checks,
    passed: Object.values(checks).every(Boolean),
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  };
}
