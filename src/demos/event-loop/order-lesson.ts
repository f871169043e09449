import { count, percent } from '../kit/answer/units.ts';
import type { Lesson } from '../kit/demo.ts';
import { isTimeoutFirst, type Summary } from './order-summary.ts';

/** Gaps that differ by less than this factor do not point to a cause. */
const SIGNIFICANT_FACTOR = 1.1;

export function conclude(summary: Summary): Lesson {
  return summary.from === 'io' ? concludeCallbacks(summary) : concludeRace(summary);
}

function concludeCallbacks({ runs, timeoutFirst, distribution }: Summary): Lesson {
  const callbacks = count(runs, 'I/O callback');
  if (timeoutFirst > 0) {
    return {
      headline: `setTimeout(0) ran first in ${timeoutFirst} of ${callbacks}`,
      text: `setTimeout(0) ran before setImmediate in ${timeoutFirst} of ${callbacks}. The order of the phases does not allow that.`,
    };
  }
  const before = new Set(distribution.map(({ order }) => firstTwo(order).join(' then ')));
  return {
    headline: `setImmediate ran first in ${runs} of ${callbacks}`,
    text:
      `setImmediate ran before setTimeout(0) in ${runs} of ${callbacks}. The check phase follows the poll phase, and the ` +
      `loop reaches the timers only after it. Ahead of both ran ${[...before].join(', or ')}.`,
  };
}

function concludeRace({ runs, timeoutFirst, immediateFirst, distribution }: Summary): Lesson {
  const processes = count(runs, 'fresh process', 'fresh processes');
  const winner = timeoutFirst === 0 ? 'setImmediate' : 'setTimeout(0)';
  const [headline, race] =
    timeoutFirst > 0 && immediateFirst > 0
      ? [
          `setTimeout(0) ran first in ${timeoutFirst} of ${processes}, setImmediate in ${immediateFirst}`,
          `From a main module it is a race: setTimeout(0) ran first in ${timeoutFirst} of ${processes} ` +
            `(${percent(timeoutFirst / runs)}), setImmediate in ${immediateFirst}.`,
        ]
      : [
          `${winner} ran first in ${runs} of ${processes}`,
          `From a main module it is a race; this time ${winner} won in each of ${processes}.`,
        ];
  const before = new Set(
    distribution.map(({ from, order }) => `${firstTwo(order).join(' then ')} in ${moduleKind(from)}`),
  );
  const gaps = compareGaps(distribution);
  return {
    headline,
    text: `${race} ${explainGaps(gaps)} Ahead of both ran ${[...before].join(', and ')}.`,
  };
}

/** The mean gap by winner, for one kind of module. */
interface Gaps {
  readonly from: string;
  readonly timeoutFirst: number | undefined;
  readonly immediateFirst: number | undefined;
}

/** Kinds of modules are compared separately: a mean over both would depend on how many of each kind won. */
function compareGaps(distribution: Summary['distribution']): Gaps[] {
  return [...Map.groupBy(distribution, ({ from }) => from)].map(([from, rows]) => ({
    from,
    timeoutFirst: meanGap(rows.filter(({ order }) => isTimeoutFirst(order))),
    immediateFirst: meanGap(rows.filter(({ order }) => !isTimeoutFirst(order))),
  }));
}

function meanGap(rows: Summary['distribution']): number | undefined {
  const runs = rows.reduce((sum, row) => sum + row.runs, 0);
  return runs === 0 ? undefined : rows.reduce((sum, row) => sum + (row.meanGapMs ?? 0) * row.runs, 0) / runs;
}

/** The means themselves are in the table. */
function explainGaps(gaps: readonly Gaps[]): string {
  const ratios = gaps.flatMap(({ timeoutFirst, immediateFirst }) =>
    timeoutFirst === undefined || immediateFirst === undefined ? [] : [timeoutFirst / immediateFirst],
  );
  const cause =
    'The clock of the loop has a resolution of 1 ms, and the timer is due at once only if it advanced after setTimeout';
  if (ratios.length === 0) return `${cause}. No kind of module had both winners to compare.`;
  return ratios.every((ratio) => ratio > SIGNIFICANT_FACTOR)
    ? `${cause}: where the timer won, the loop started later (meanGapMs).`
    : `${cause}. The means of this run (meanGapMs) do not show that.`;
}

function moduleKind(from: string): string {
  return from === 'main, CommonJS' ? 'CommonJS' : 'ES modules';
}

function firstTwo(order: string): string[] {
  return order.split(', ').slice(0, 2);
}
