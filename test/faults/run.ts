/**
 * `npm run faults [-- names] [--short] [--json]`: injects faults into the real program, with traffic running, and
 * prints a row for each. Exits with 1 if one fails.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Fault, Row } from './fault.ts';
import { faults } from './list.ts';
import { hasDemos, Lab } from './lab.ts';
import { Progress, renderTable } from './table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, short: { type: 'boolean', default: false } },
});
const chosen = choose(positionals);

if (chosen !== undefined) {
  const progress = new Progress(process.stderr);
  const rows: Row[] = [];
  for (const fault of chosen) rows.push(await runFault(fault, progress));
  progress.end();
  process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : renderTable(rows));
  process.exitCode = rows.every(({ passed }) => passed) ? 0 : 1;
}

/** All faults, or those that are named by name or number; undefined where a name is unknown. */
function choose(names: readonly string[]): readonly Fault[] | undefined {
  const known = faults.filter(({ needsDemos }) => hasDemos || needsDemos !== true);
  const fits = (fault: Fault, name: string) => fault.name === name || String(fault.number) === name;
  const unknown = names.filter((name) => !known.some((fault) => fits(fault, name)));
  if (unknown.length > 0) {
    process.stderr.write(
      `There is no fault «${unknown.join('», «')}». The faults are: ${known.map(({ name }) => name).join(', ')}.\n`,
    );
    process.exitCode = 2;
    return undefined;
  }
  return names.length === 0 ? known : known.filter((fault) => names.some((name) => fits(fault, name)));
}

async function runFault(fault: Fault, progress: Progress): Promise<Row> {
  const { number, name, expects } = fault;
  const startedAt = performance.now();
  const lab = new Lab(values.short, (what) => progress.show(`${number} ${name}: ${what}`));
  lab.say('starting');
  const finding = await fault.run(lab).catch((error: unknown) => ({
    figure: error instanceof Error ? error.message.slice(0, 300) : String(error),
    checks: { 'it ran to its end': false },
  }));
  const left = await lab.close();
  const checks = { ...finding.checks, [`nothing left behind (${left.join(', ')})`]: left.length === 0 };
  const passed = Object.values(checks).every(Boolean);
  const row = {
    number,
    name,
    expects,
    figure: finding.figure,
    checks,
    passed,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  };
  progress.done(row);
  return row;
}
