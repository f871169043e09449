import { z } from 'zod';
import { bytes, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { median } from '../../shared/statistics.ts';
import { availableCpus } from '../../process/available-cpus.ts';
import { Problem } from '../../http/problem.ts';
import { primesMs } from '../kit/primes/primes-cost.ts';
import { childTimedOut } from '../kit/problems.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';
import type { BenchmarkReport, Interval, MemberKind } from './benchmark-child.ts';

const benchmark = new URL('./benchmark-child.ts', import.meta.url);
/** Far beyond the longest work that is accepted. */
const TIMEOUT_MS = 20_000;
/** One job of each member would be no throughput. */
const JOB_ROUNDS = 5;
/** Of a shorter job, most of the time is the message that starts it. */
const MIN_JOB_MS = 5;
/** A generous estimate of a message round trip. */
const MESSAGE_MS = 0.1;

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
  jobsPerSecond: z.number().describe('All run at once, each with the same job; the median of five rounds'),
  jobCpuMs: z.number().describe('CPU time of a job, the median'),
  primes: z.number(),
});
type Row = z.infer<typeof rowSchema>;

export const compare = demoRoute({
  method: 'get',
  path: '/compare',
  title: 'Compare threads and children',
  summary: 'Compares threads and child processes by startup, memory, message round trip and throughput.',
  teaches:
    'The textbook says that threads are lighter. A thread can share memory with its process and ends with it; a child can crash, leak and be killed alone. Measure ' +
    'which one is slower to start; once running, both compute at the same speed.',
  problems: [childTimedOut],
  alone: true,
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
    const jobMs = primesMs(query.limit, resources) / Math.min(query.count, availableCpus());
    const kindMs = JOB_ROUNDS * query.count * jobMs + query.messages * MESSAGE_MS;
    rejectLongWork('run', 2 * kindMs, ['count', 'messages', 'limit']);
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
  const args = [kind, count, messages, limit, JOB_ROUNDS].map(String);
  const started = resources.children.startNode(benchmark, { args, signal, timeoutMs: TIMEOUT_MS });
  const output = await withChild(started, readOutput);
  signal.throwIfAborted();
  if (started.endReason === 'time-out') {
    throw new Problem(childTimedOut, {
      detail: `The ${kind} benchmark did not finish within ${ms(TIMEOUT_MS)}.`,
    });
  }
  const report = JSON.parse(output) as BenchmarkReport;

  const zero = monotonicMs() - timeline.now();
  const draw = (label: string, { from, to }: Interval) => timeline.add(label, kind, from - zero, to - zero);
  for (const [index, start] of report.starts.entries()) draw(`startup ${index + 1}`, start);
  draw('messages', report.messages);
  for (const [index, round] of report.jobs.entries()) draw(`jobs, round ${index + 1}`, round);
  const [primes = 0] = report.primes;
  const row = {
    kind,
    startUpMs: toMicroseconds(report.starts.reduce((sum, start) => sum + duration(start), 0) / count),
    memoryEachBytes: report.memoryEachBytes,
    roundTripMs: toMicroseconds(duration(report.messages) / messages),
    jobsPerSecond: toMicroseconds((1_000 * count) / median(report.jobs.map(duration))),
    jobCpuMs: toMicroseconds(report.jobCpuMs),
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
  const jobCpuMs = [thread.jobCpuMs, child.jobCpuMs];
  const areShort = Math.min(...jobCpuMs) < MIN_JOB_MS;
  const throughput = areShort
    ? `The jobs took less than ${ms(MIN_JOB_MS)}, so this run does not tell which kind computes faster: raise limit.`
    : ratio < 1.3
      ? 'Once running, both computed at about the same speed.'
      : `Once running, the ${faster === thread ? 'threads' : 'children'} did ${times(ratio)} as many jobs.`;
  const cpuRatio = Math.max(...jobCpuMs) / Math.min(...jobCpuMs);
  const cpu = areShort
    ? ''
    : ` A job took ${compared((row) => row.jobCpuMs, ms)} of CPU time` +
      (ratio >= 1.3 && cpuRatio < 1.3
        ? ': about the same, so the slower kind waited longer for a core.'
        : '.');
  return {
    headline: `Startup: ${compared((row) => row.startUpMs, ms)}`,
    text:
      `The ${memoryMeasured} memory was ${compared((row) => row.memoryEachBytes, bytes)}. ` +
      `A message round trip took ${compared((row) => row.roundTripMs, ms)}. ${throughput}${cpu}`,
  };
}
