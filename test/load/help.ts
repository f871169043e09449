import { wrap } from './report/table.ts';
import type { Scenario } from './scenario.ts';
import { secondsOf } from './conduct.ts';

export const help = `npm run load [-- SCENARIO… | all] [OPTIONS]

Drives the program through load scenarios and reports what was seen, on both sides.
Without a scenario it lists them.

  --short                a few seconds a variant, with bounds to match: for CI
  --url URL              load a service that runs already, with the settings it has
  --management-url URL   where that one shows /workers and /metrics
  --i-own-this-host      say so, where the service is not on this machine
  --json                 print the report as JSON instead of tables
  --compare FILE         show it against an earlier report, the JSON of it
  --out FOLDER           where reports are written (load-report)
  --charts FOLDER        write the charts of the documentation as well
  --help                 this text

Exit code 0: all within their thresholds; 1: one was not; 2: the command line cannot be used.
`;

/** Every scenario with its lesson. */
export function listScenarios(scenarios: readonly Scenario[], columns: number): string {
  const room = Math.min(Math.max(columns, 60), 120);
  const list = scenarios.map(({ name, title, teaches, variants }) =>
    [
      `${name} — ${title} (${Math.round(secondsOf(variants(false)))} s of load)`,
      wrap(teaches, room, '    '),
      '',
    ].join('\n'),
  );
  return [
    ...list,
    'Run one with npm run load -- block, all with npm run load -- all; --help says what else there is.',
    '',
  ].join('\n');
}
