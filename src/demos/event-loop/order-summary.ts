import { z } from 'zod';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import type { Run } from './order-runs.ts';

export const summarySchema = z.strictObject({
  from: z.enum(['main', 'io']),
  runs: z.number(),
  timeoutFirst: z.number().describe('Runs in which setTimeout(0) ran before setImmediate'),
  immediateFirst: z.number(),
  distribution: z.array(
    z.strictObject({
      from: z.string(),
      order: z.string(),
      runs: z.number(),
      meanGapMs: z
        .number()
        .optional()
        .describe('Mean time from the call of setTimeout to the start of the event loop'),
    }),
  ),
});
export type Summary = z.infer<typeof summarySchema>;

/** @returns how often each order occurred, for each kind of caller the most frequent first */
export function summarize(runs: readonly Run[]): Omit<Summary, 'from'> {
  const groups = Map.groupBy(runs, ({ from, order }) => `${from}: ${order.join(', ')}`);
  const timeoutFirst = runs.filter(({ order }) => isTimeoutFirst(order)).length;
  return {
    runs: runs.length,
    timeoutFirst,
    immediateFirst: runs.length - timeoutFirst,
    distribution: [...groups.values()]
      .flatMap(toRow)
      .sort((a, b) => a.from.localeCompare(b.from) || b.runs - a.runs),
  };
}

function toRow(sameOrder: readonly Run[]): Summary['distribution'] {
  const [first] = sameOrder;
  if (first === undefined) return [];
  const gaps = sameOrder.flatMap(({ gapMs }) => gapMs ?? []);
  const row = {
    from: first.from,
    order: first.order.filter((step) => step !== 'main').join(', '),
    runs: sameOrder.length,
  };
  if (gaps.length === 0) return [row];
  return [{ ...row, meanGapMs: toMicroseconds(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length) }];
}

export function isTimeoutFirst(order: string | readonly string[]): boolean {
  return order.indexOf('setTimeout') < order.indexOf('setImmediate');
}
