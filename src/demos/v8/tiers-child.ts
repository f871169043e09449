/** Calls one function again and again, and reports by which tier of V8 it ran. Needs `--allow-natives-syntax`. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Script } from 'node:vm';

export type Tier = 'interpreter' | 'baseline' | 'Maglev' | 'TurboFan';

export interface TierRow {
  /** Whether the call with another type came before or after it. */
  readonly phase: 'before' | 'after';
  readonly tier: Tier;
  /** Number of calls of its phase before this tier was first seen. */
  readonly fromCall: number;
  /** Of the fastest batch in this tier. */
  readonly nsPerCall: number;
}

export interface TiersReport {
  readonly rows: readonly TierRow[];
  /** The tier right after the call with another type; null if there was none. */
  readonly afterOther: Tier | null;
}

const [other, calls = '0'] = process.argv.slice(2);

/** Calls that are timed together: one alone is too short for the clock. */
const BATCH = 5;
/** Optimizing compilers run on other threads: after so many batches, this one lets them finish. */
const BATCHES_PER_PAUSE = 20;
const LENGTH = 10;

/** The sum of numbers; text is joined, by the same operator. */
function add(values: readonly (number | string)[]): number | string {
  let sum: number | string = 0;
  for (let index = 0; index < values.length; index += 1) sum = sum + (values[index] as number);
  return sum;
}

const statusOf = new Script('(f) => %GetOptimizationStatus(f)').runInThisContext() as (
  f: typeof add,
) => number;

/** Bits of `OptimizationStatus` in V8's src/runtime/runtime.h; the highest tier decides. */
const bits: readonly (readonly [Tier, number])[] = [
  ['TurboFan', 1 << 6],
  ['Maglev', 1 << 5],
  ['baseline', 1 << 15],
];

function currentTier(): Tier {
  const status = statusOf(add);
  return bits.find(([, bit]) => (status & bit) !== 0)?.[0] ?? 'interpreter';
}

const numbers = Array.from({ length: LENGTH }, (_, index) => index);
const rows: TierRow[] = [];

async function callMany(phase: TierRow['phase']): Promise<void> {
  const seen = new Map<Tier, TierRow>();
  for (let call = 0; call < Number(calls); call += BATCH) {
    if (call % (BATCH * BATCHES_PER_PAUSE) === 0) await sleep(1);
    const tier = currentTier();
    const startedAt = performance.now();
    for (let each = 0; each < BATCH; each += 1) add(numbers);
    const nsPerCall = ((performance.now() - startedAt) / BATCH) * 1e6;
    // The first calls also set up the function, and a batch in which the tier changed belongs to none.
    if ((phase === 'before' && call === 0) || currentTier() !== tier) continue;
    const known = seen.get(tier);
    seen.set(tier, {
      phase,
      tier,
      fromCall: known?.fromCall ?? call,
      nsPerCall: Math.min(known?.nsPerCall ?? Infinity, nsPerCall),
    });
  }
  rows.push(...seen.values());
}

await callMany('before');
if (other === 'text') add(numbers.map(String));
const afterOther = other === 'text' ? currentTier() : null;
await callMany('after');
const report: TiersReport = { rows, afterOther };
process.send?.(report);
