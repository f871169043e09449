import type { Progress } from './progress.ts';
import { AS_IT_RUNS } from './report/report.ts';
import { runVariant } from './run-variant.ts';
import type { Scenario, Variant, VariantRun } from './scenario.ts';
import type { Target } from './target.ts';

export interface Conditions {
  readonly short: boolean;
  /** A running service, which is loaded instead of one with the settings of each variant. */
  readonly running?: Target;
  readonly progress: Progress;
  /** What an interrupted run must end. */
  readonly resources: Set<AsyncDisposable>;
}

/** Runs all variants of a scenario, one after the other. */
export async function runScenario(scenario: Scenario, conditions: Conditions): Promise<VariantRun[]> {
  const { short, running, progress } = conditions;
  const onlyOne = running !== undefined && scenario.bySettings === true;
  const variants = scenario.variants(short).slice(0, onlyOne ? 1 : undefined);
  const capacity = { perSecond: 0 };
  progress.beginScenario(scenario.name);
  const runs: VariantRun[] = [];
  for (const variant of variants) {
    const missing = running === undefined ? undefined : findMissing(running, variant);
    if (missing !== undefined) {
      progress.log(`${scenario.name} ${variant.name} skipped: ${missing}`);
      continue;
    }
    const name = onlyOne ? AS_IT_RUNS : variant.name;
    runs.push(await runVariant({ ...variant, name }, capacity, conditions));
  }
  return runs;
}

/** The length of all phases, without starting and stopping the service. */
export function secondsOf(variants: readonly Variant[]): number {
  return variants.flatMap(({ phases }) => phases).reduce((sum, { seconds }) => sum + seconds, 0);
}

/** What a running service lacks for a variant; undefined if nothing. */
function findMissing(running: Target, { phases, preload }: Variant): string | undefined {
  if (phases.some(({ repeats }) => repeats === 'restart')) return 'a running service is not restarted';
  if (phases.some(({ repeats }) => repeats === 'reload') && running.managementUrl === undefined)
    return 'a reload needs --management-url';
  if (phases.some(({ logReader }) => logReader === 'stalled'))
    return 'the log of a running service is read by another process';
  if (preload !== undefined) return 'it must preload a module';
  return undefined;
}
