import { z } from 'zod';
import { count as countOf, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';

const briefProgram = new URL('./brief-thread.ts', import.meta.url);

/** The job is tiny, so that the measurement shows the round trip to the thread. */
const LIMIT = 1_000;

const rowSchema = z.strictObject({
  way: z.enum(['new', 'pooled']),
  jobs: z.number(),
  primes: z.number().describe('The result of each job'),
  totalMs: z.number(),
  meanMs: z.number(),
  minMs: z.number(),
  maxMs: z.number(),
});
type Row = z.infer<typeof rowSchema>;

export const startUp = demoRoute({
  method: 'get',
  path: '/start-up',
  title: 'Measure thread startup',
  summary: 'Runs the same small job several times on new threads, then on pooled ones.',
  teaches:
    'Each new thread starts its own V8 isolate and Node.js environment. Keep threads in a pool and reuse them.',
  query: z.object({ count: wholeNumber('Jobs of each kind', { min: 1, max: 50, default: 10 }) }),
  result: z.strictObject({
    ways: z.array(rowSchema),
    newAgainstPooled: z.number().describe('Mean time on a new thread divided by mean time on a pooled one'),
    poolStartUpMs: z.number().describe('Duration of a first job on the pool, which is not counted'),
  }),
  examples: [{ title: 'Ten jobs of each kind', query: { as: 'text' } }],
  contrasts: ['cpu/thread', 'cpu/thread-pool', 'child-processes/compare'],
  async run({ query: { count }, signal, timeline, resources }) {
    const runOnNew = () =>
      resources.threads.run(
        briefProgram,
        { data: { limit: LIMIT }, signal },
        async (thread) => (await nextMessage<number>(thread)).message,
      );
    const runOnPooled = async () => (await resources.pool().run({ limit: LIMIT }, { signal })).primes;
    const repeat = async (way: Row['way'], job: () => Promise<number>): Promise<Row> => {
      const durations: number[] = [];
      let primes = 0;
      for (let i = 1; i <= count; i += 1) {
        const startedAt = monotonicMs();
        primes = await timeline.record(`job ${i}`, `${way} thread`, job);
        durations.push(monotonicMs() - startedAt);
      }
      return { way, jobs: count, primes, ...summarize(durations) };
    };

    const result = await resources.budgets.threads.use(1, signal, async () => {
      const fresh = await repeat('new', runOnNew);
      const startedAt = monotonicMs();
      await runOnPooled(); // the pool may have no thread yet
      const poolStartUpMs = toMicroseconds(monotonicMs() - startedAt);
      const pooled = await repeat('pooled', runOnPooled);
      return {
        ways: [fresh, pooled],
        newAgainstPooled: toMicroseconds(fresh.meanMs / pooled.meanMs),
        poolStartUpMs,
      };
    });
    return { result, lesson: conclude(result.ways, result.newAgainstPooled) };
  },
});

function summarize(durations: readonly number[]) {
  const totalMs = durations.reduce((sum, each) => sum + each, 0);
  return {
    totalMs: toMicroseconds(totalMs),
    meanMs: toMicroseconds(totalMs / durations.length),
    minMs: toMicroseconds(Math.min(...durations)),
    maxMs: toMicroseconds(Math.max(...durations)),
  };
}

function conclude([fresh, pooled]: readonly Row[], ratio: number): Lesson {
  if (fresh === undefined || pooled === undefined) {
    return { headline: 'Nothing was measured', text: 'This run measured nothing.' };
  }
  const figures =
    `${countOf(fresh.jobs, 'job')} took ${ms(fresh.meanMs)} each with a new thread, including its end, ` +
    `and ${ms(pooled.meanMs)} each on a pooled thread.`;
  return ratio > 1.5
    ? {
        headline: `A job on a new thread took ${times(ratio)} as long`,
        text: `${figures} A new thread pays only for jobs that are much longer than ${ms(fresh.meanMs - pooled.meanMs)}, which is its startup and end.`,
      }
    : {
        headline: 'The pool saved little in this run',
        text: `${figures} The pool saved little: it had to start threads as well, or the machine was busy.`,
      };
}
