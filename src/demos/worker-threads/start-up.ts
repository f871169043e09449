import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { monotonicMs } from '../evidence/monotonic.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count as howMany, ms, times } from '../evidence/words.ts';
import { nextMessage } from '../work/thread.ts';

const brief = new URL('./brief.ts', import.meta.url);

/** The job: next to nothing, so that what is measured is the way to the thread and back. */
const LIMIT = 1_000;

const rowSchema = z.strictObject({
  way: z.enum(['new', 'pooled']),
  jobs: z.number(),
  primes: z.number().describe('The answer of each job'),
  totalMs: z.number(),
  meanMs: z.number(),
  minMs: z.number(),
  maxMs: z.number(),
});
type Row = z.infer<typeof rowSchema>;

export const startUp = demoRoute({
  method: 'get',
  path: '/start-up',
  summary: 'The same small job many times, each on a new thread, then each on a pooled one.',
  teaches: 'A thread has a start-up like a small process: keep threads and give them work.',
  query: z.object({ count: wholeNumber('Jobs for each way', { min: 1, max: 50, default: 10 }) }),
  result: z.strictObject({
    ways: z.array(rowSchema),
    newAgainstPooled: z
      .number()
      .describe('Mean time with a new thread, as a multiple of that with a pooled one'),
    poolStartUpMs: z.number().describe('What the first job of the pool took, before those that are counted'),
  }),
  examples: [{ title: 'Ten jobs each way', query: { as: 'text' } }],
  contrasts: ['cpu/thread', 'cpu/thread-pool', 'child-processes/compare'],
  async run({ query: { count }, signal, timeline, tools }) {
    const onNew = () =>
      tools.threads.run(brief, { data: { limit: LIMIT }, signal }, async (thread) => {
        return (await nextMessage<number>(thread)).message;
      });
    const onPooled = async () => (await tools.pool().run({ limit: LIMIT }, { signal })).primes;

    const result = await tools.budgets.threads.use(1, signal, async () => {
      const repeat = async (way: Row['way'], job: () => Promise<number>): Promise<Row> => {
        const took: number[] = [];
        let primes = 0;
        for (let i = 1; i <= count; i += 1) {
          const startedAt = monotonicMs();
          primes = await timeline.record(`job ${i}`, `${way} thread`, job);
          took.push(monotonicMs() - startedAt);
        }
        return { way, jobs: count, primes, ...summarize(took) };
      };
      const fresh = await repeat('new', onNew);
      const firstAt = monotonicMs();
      await onPooled(); // the pool may have no thread yet
      const poolStartUpMs = toMicroseconds(monotonicMs() - firstAt);
      const pooled = await repeat('pooled', onPooled);
      return {
        ways: [fresh, pooled],
        newAgainstPooled: toMicroseconds(fresh.meanMs / pooled.meanMs),
        poolStartUpMs,
      };
    });
    return { result, lesson: conclude(result.ways, result.newAgainstPooled) };
  },
});

function summarize(took: readonly number[]) {
  const totalMs = took.reduce((sum, each) => sum + each, 0);
  return {
    totalMs: toMicroseconds(totalMs),
    meanMs: toMicroseconds(totalMs / took.length),
    minMs: toMicroseconds(Math.min(...took)),
    maxMs: toMicroseconds(Math.max(...took)),
  };
}

function conclude([fresh, pooled]: readonly Row[], ratio: number): string {
  if (fresh === undefined || pooled === undefined) return 'Nothing was measured in this run.';
  const figures = `${howMany(fresh.jobs, 'job')} took ${ms(fresh.meanMs)} each with a new thread and its end, and ${ms(pooled.meanMs)} each with a pooled one`;
  return ratio > 1.5
    ? `${figures}: the start was ${times(ratio)} the whole of a job that finds its thread there.`
    : `${figures}: in this run the pool saved little, which says that it had to start threads as well or that the machine is busy.`;
}
