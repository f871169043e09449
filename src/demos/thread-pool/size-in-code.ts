import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import type { DemoCall } from '../kit/demo.ts';
import { withBatchChild, type InCode } from './batch.ts';
import type { Batch } from './keys.ts';

/** Another size than the default, which is 4. */
const SIZE = 2;
/** Enough tasks, each long enough, for every thread of a pool of four to take some. */
const BATCH: Batch = { tasks: 8, iterations: 10_000 };

const moments = ['before the first use', 'after the first use'] as const satisfies readonly InCode['set'][];

export const sizeInCode = z.strictObject({
  set: z.enum(moments).describe('When the code of the child set UV_THREADPOOL_SIZE'),
  size: z.number().describe('The size that it assigned; the environment of the child names none'),
  poolThreads: z.number().describe('Pool threads that then ran a task, from a trace of the child'),
});
export type SizeInCode = z.infer<typeof sizeInCode>;

/** Sizes the pool of a child in its code, once before and once after the pool is first used. */
export async function sizeInCodeOfChildren({
  resources,
  signal,
  timeline,
}: Pick<DemoCall<never, never, never>, 'resources' | 'signal' | 'timeline'>): Promise<SizeInCode[]> {
  const rows: SizeInCode[] = [];
  for (const set of moments) {
    const { runs } = await timeline.record(set, 'set in code', () =>
      withBatchChild({ set, size: SIZE }, signal, resources, (runBatch) => runBatch(BATCH)),
    );
    rows.push({ set, size: SIZE, poolThreads: new Set(runs.map(({ thread }) => thread)).size });
  }
  return rows;
}

/** How many threads ran after each assignment, as one sentence. */
export function describeSizeInCode([before, after]: readonly SizeInCode[]): string {
  const late = after?.poolThreads ?? 0;
  return (
    `Set in code, a size of ${SIZE} gave ${count(before?.poolThreads ?? 0, 'thread')} before the first use of the pool, and ` +
    `${late} after it${late > SIZE ? ': too late' : ''}.`
  );
}
