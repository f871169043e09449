import { wrapIndented } from './report/table.ts';
import { secondsOf } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';

export const help = `Usage: npm run load [-- SCENARIO… | all] [OPTIONS]

Runs load scenarios against the service and reports what clients and the server measured.
Without a scenario it lists them.

  --short                run a few seconds per variant, with relaxed thresholds, for CI
  --url URL              load a running service with the settings that it has
  --management-url URL   its management address, for the figures of the server
  --i-own-this-host      confirm that you may load a non-loopback host
  --json                 print the report as JSON instead of tables
  --compare FILE         compare with the JSON report of an earlier run
  --out FOLDER           write reports to this folder (default: load-report)
  --charts FOLDER        also write the charts of the documentation
  --help                 show this text

Exit code 0: all thresholds hold; 1: a threshold failed; 64: invalid command line.
`;

/** Lists every scenario with its lesson. */
export function listScenarios(scenarios: readonly Scenario[], columns: number): string {
  const room = Math.min(Math.max(columns, 60), 120);
  const list = scenarios.map(({ name, title, teaches, variants }) =>
    [
      `${name}: ${title} (${Math.round(secondsOf(variants(false)))} s of load)`,
      wrapIndented(teaches, room, '    '),
      '',
    ].join('\n'),
  );
  const hint =
    'Run one with npm run load -- block, all with npm run load -- all. Options: npm run load -- --help';
  return [...list, hint, ''].join('\n');
}
