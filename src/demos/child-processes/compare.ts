import { z } from 'zod';
import { demoRoute, wholeNumber, type DemoCall } from '../demo.ts';
import { monotonicMs } from '../evidence/monotonic.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, ms, times } from '../evidence/words.ts';
import { lendChild, readOutput } from '../work/lend-child.ts';
import type { CrowdKind, CrowdReport } from './crowd.ts';

const crowd = new URL('./crowd.ts', import.meta.url);

const query = z.object({
  count: wholeNumber('Threads, and then children, at once', { min: 1, max: 8, default: 2 }),
  messages: wholeNumber('Messages there and back', { min: 1, max: 10_000, default: 500 }),
  limit: wholeNumber('Each counts the primes below this', { min: 1_000, max: 3_000_000, default: 200_000 }),
});

const rowSchema = z.strictObject({
  kind: z.enum(['thread', 'child']),
  startUpMs: z.number().describe('From asking for one to its first message, on average'),
  memoryEachBytes: z
    .number()
    .describe('Of a thread by how much the memory of its process grew; of a child all that it has'),
  roundTripMs: z.number(),
  jobsPerSecond: z.number().describe('All at once, each with the same job'),
  primes: z.number(),
});
type Row = z.infer<typeof rowSchema>;

export const compare = demoRoute({
  method: 'get',
  path: '/compare',
  summary: 'Threads and children side by side: start-up, memory each, message round trip, throughput.',
  teaches:
    'A thread can share memory with its process and dies with it; a child can crash, leak and be killed alone. Which of ' +
    'them is dearer to start is a matter of measuring; once both run, they compute alike.',
  query,
  result: z.strictObject({
    count: z.number(),
    messages: z.number(),
    limit: z.number(),
    memoryMeasured: z
      .enum(['private', 'resident'])
      .describe('What no other process shares; the resident set where the system does not tell that'),
    kinds: z.array(rowSchema),
  }),
  examples: [
    { title: 'Two of each', query: { as: 'text' } },
    { title: 'More than there may be cores', query: { count: 4, as: 'text' } },
  ],
  contrasts: ['cpu/compare', 'worker-threads/start-up', 'child-processes/fork'],
  async run({ query: asked, signal, timeline, tools }) {
    // One more, which starts them.
    const [thread, child] = await tools.budgets.children.use(
      asked.count + 1,
      signal,
      async () =>
        [
          await measure('thread', asked, { signal, timeline, tools }),
          await measure('child', asked, { signal, timeline, tools }),
        ] as const,
    );
    const { count, messages, limit } = asked;
    const kinds = [thread.row, child.row];
    const { memoryMeasured } = child;
    return {
      result: { count, messages, limit, memoryMeasured, kinds },
      lesson: conclude(kinds, memoryMeasured),
    };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'timeline' | 'tools'>;

async function measure(
  kind: CrowdKind,
  { count, messages, limit }: z.infer<typeof query>,
  { signal, timeline, tools }: Call,
): Promise<{ readonly row: Row; readonly memoryMeasured: CrowdReport['memoryMeasured'] }> {
  const args = [kind, count, messages, limit].map(String);
  const started = tools.children.startNode(crowd, { args, signal, timeoutMs: 20_000 });
  const output = await lendChild(started, readOutput);
  signal.throwIfAborted();
  const seen = JSON.parse(output) as CrowdReport;

  const zero = monotonicMs() - timeline.now();
  const draw = (label: string, { from, to }: { readonly from: number; readonly to: number }) =>
    timeline.add(label, kind, from - zero, to - zero);
  for (const [index, start] of seen.starts.entries()) draw(`start-up ${index + 1}`, start);
  draw('messages', seen.messages);
  draw('jobs', seen.jobs);
  const [primes = 0] = seen.primes;
  const row = {
    kind,
    startUpMs: toMicroseconds(seen.starts.reduce((sum, { from, to }) => sum + to - from, 0) / count),
    memoryEachBytes: seen.memoryEachBytes,
    roundTripMs: toMicroseconds((seen.messages.to - seen.messages.from) / messages),
    jobsPerSecond: toMicroseconds((1_000 * count) / (seen.jobs.to - seen.jobs.from)),
    primes,
  };
  return { row, memoryMeasured: seen.memoryMeasured };
}

/** Says who had less of each, by this run's figures. */
export function conclude(kinds: readonly Row[], memoryMeasured: CrowdReport['memoryMeasured']): string {
  const [thread, child] = kinds;
  if (thread === undefined || child === undefined) return 'Nothing was compared in this run.';
  const compared = (of: (row: Row) => number, show: (value: number) => string) => {
    const [less, more] = of(thread) <= of(child) ? [thread, child] : [child, thread];
    return `a ${less.kind} took ${show(of(less))} and a ${more.kind} ${show(of(more))}`;
  };
  const quick =
    Math.max(thread.jobsPerSecond, child.jobsPerSecond) / Math.min(thread.jobsPerSecond, child.jobsPerSecond);
  const throughput =
    quick < 1.3
      ? 'once they ran, both computed about as much'
      : `once they ran, the ${thread.jobsPerSecond > child.jobsPerSecond ? 'threads' : 'children'} did ${times(quick)} as many jobs, which is the machine's doing more than theirs`;
  return (
    `To start, ${compared(({ startUpMs }) => startUpMs, ms)}; of ${memoryMeasured} memory, ${compared(({ memoryEachBytes }) => memoryEachBytes, bytes)}; ` +
    `for a message there and back, ${compared(({ roundTripMs }) => roundTripMs, ms)}; ${throughput}.`
  );
}
