import { z } from 'zod';
import { bytes, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';
import type { BenchmarkReport, Interval, MemberKind } from './benchmark-child.ts';

const benchmark = new URL('./benchmark-child.ts', import.meta.url);

const querySchema = z.object({
  count: wholeNumber('Threads, and then children, at once', { min: 1, max: 8, default: 2 }),
  messages: wholeNumber('Message round trips', { min: 1, max: 10_000, default: 500 }),
  limit: wholeNumber('Each counts the primes below this', { min: 1_000, max: 3_000_000, default: 200_000 }),
});

const rowSchema = z.strictObject({
  kind: z.enum(['thread', 'child']),
  startUpMs: z.number().describe('From the start to the first message, on average'),
  memoryEachBytes: z
    .number()
    .describe('For a thread the growth of its process, for a child all memory of its process'),
  roundTripMs: z.number(),
  jobsPerSecond: z.number().describe('All run at once, each with the same job'),
  primes: z.number(),
});
type Row = z.infer<typeof rowSchema>;

export const compare = demoRoute({
  method: 'get',
  path: '/compare',
  title: 'Compare threads and children',
  summary: 'Compares threads and child processes by startup, memory, message round trip and throughput.',
  teaches:
    'A thread can share memory with its process and ends with it; a child can crash, leak and be killed alone. Measure ' +
    'which one is slower to start; once running, both compute at the same speed.',
  query: querySchema,
  result: z.strictObject({
    count: z.number(),
    messages: z.number(),
    limit: z.number(),
    memoryMeasured: z
      .enum(['private', 'resident'])
      .describe('Memory shared with no other process; the resident set if the system does not report that'),
    kinds: z.array(rowSchema),
  }),
  examples: [
    { title: 'Two of each', query: { as: 'text' } },
    { title: 'Four of each', query: { count: 4, as: 'text' } },
  ],
  contrasts: ['cpu/compare', 'worker-threads/start-up', 'child-processes/fork'],
  async run({ query, signal, timeline, resources }) {
    const call = { signal, timeline, resources };
    // One more than requested, for the process that starts them.
    const [thread, child] = await resources.budgets.children.use(
      query.count + 1,
      signal,
      async () => [await measure('thread', query, call), await measure('child', query, call)] as const,
    );
    const kinds = [thread.row, child.row] as const;
    const { count, messages, limit } = query;
    const { memoryMeasured } = child;
    return {
      result: { count, messages, limit, memoryMeasured, kinds: [...kinds] },
      lesson: conclude(kinds, memoryMeasured),
    };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'timeline' | 'resources'>;

async function measure(
  kind: MemberKind,
  { count, messages, limit }: z.infer<typeof querySchema>,
  { signal, timeline, resources }: Call,
): Promise<{ readonly row: Row; readonly memoryMeasured: BenchmarkReport['memoryMeasured'] }> {
  const args = [kind, count, messages, limit].map(String);
  const started = resources.children.startNode(benchmark, { args, signal, timeoutMs: 20_000 });
  const output = await withChild(started, readOutput);
  signal.throwIfAborted();
  const report = JSON.parse(output) as BenchmarkReport;

  const zero = monotonicMs() - timeline.now();
  const draw = (label: string, { from, to }: Interval) => timeline.add(label, kind, from - zero, to - zero);
  for (const [index, start] of report.starts.entries()) draw(`startup ${index + 1}`, start);
  draw('messages', report.messages);
  draw('jobs', report.jobs);
  const [primes = 0] = report.primes;
  const row = {
    kind,
    startUpMs: toMicroseconds(report.starts.reduce((sum, start) => sum + duration(start), 0) / count),
    memoryEachBytes: report.memoryEachBytes,
    roundTripMs: toMicroseconds(duration(report.messages) / messages),
    jobsPerSecond: toMicroseconds((1_000 * count) / duration(report.jobs)),
    primes,
  };
  return { row, memoryMeasured: report.memoryMeasured };
}

function duration({ from, to }: Interval): number {
  return to - from;
}

/** Names the lower figure first. */
export function conclude(
  [thread, child]: readonly [Row, Row],
  memoryMeasured: BenchmarkReport['memoryMeasured'],
): Lesson {
  const compared = (figure: (row: Row) => number, show: (value: number) => string) => {
    const [less, more] = figure(thread) <= figure(child) ? [thread, child] : [child, thread];
    return `${show(figure(less))} for a ${less.kind} and ${show(figure(more))} for a ${more.kind}`;
  };
  const [slower, faster] = thread.jobsPerSecond > child.jobsPerSecond ? [child, thread] : [thread, child];
  const ratio = faster.jobsPerSecond / slower.jobsPerSecond;
  const throughput =
    ratio < 1.3
      ? 'Once running, both computed at about the same speed.'
      : `Once running, the ${faster === thread ? 'threads' : 'children'} did ${times(ratio)} as many jobs. Both run the same code, so the machine is the likely cause.`;
  return {
    headline: `Startup: ${compared((row) => row.startUpMs, ms)}`,
    text:
      `The ${memoryMeasured} memory was ${compared((row) => row.memoryEachBytes, bytes)}. ` +
      `A message round trip took ${compared((row) => row.roundTripMs, ms)}. ${throughput}`,
  };
}
