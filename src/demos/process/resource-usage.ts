import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { setImmediate as nextIteration, setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { countPrimesBetween } from '../kit/primes/primes.ts';

const resultSchema = z.strictObject({
  work: z.string(),
  elapsedMs: z.number(),
  userCpuMs: z
    .number()
    .describe('In user mode: JavaScript, V8 and native code, on all threads of this process'),
  systemCpuMs: z.number().describe('In the kernel, for this process'),
  cpuShare: z.number().describe('CPU time divided by elapsed time; above 1 if several threads worked'),
  voluntarySwitches: z.number().describe('How often a thread gave up its core to wait'),
  involuntarySwitches: z.number().describe('How often the kernel preempted a thread'),
  pageFaultsWithoutIo: z.number(),
  maxRssBytes: z.number().describe('The largest resident set of this process since its start'),
});
export type Result = z.infer<typeof resultSchema>;

const FILES = 150;
const WAIT_MS = 150;

export const resourceUsage = demoRoute({
  method: 'get',
  path: '/resource-usage',
  title: 'Measure CPU time',
  summary:
    'Measures the CPU time that the kernel charges to this process for computing, waiting or file I/O.',
  teaches:
    'Elapsed time is not cost. Waiting for a timer takes almost no CPU time, computing takes user time, and file I/O adds ' +
    'system time.',
  query: z.object({ work: oneOf('What is measured', ['compute', 'wait', 'files']) }),
  alone: true,
  result: resultSchema,
  examples: [
    { title: 'Compute', query: { work: 'compute', as: 'text' } },
    { title: 'Wait', query: { work: 'wait', as: 'text' } },
    { title: 'Write and read files', query: { work: 'files', as: 'text' } },
  ],
  contrasts: [
    'process/resource-usage?work=compute',
    'process/resource-usage?work=wait',
    'process/resource-usage?work=files',
  ],
  async run({ query: { work }, signal, timeline, resources }) {
    const before = process.resourceUsage();
    const startMs = timeline.now();
    await works[work]({ signal, resources });
    const after = process.resourceUsage();
    const { endMs } = timeline.add(work, 'process', startMs, timeline.now());
    const since = (name: keyof NodeJS.ResourceUsage) => after[name] - before[name];
    const elapsedMs = toMicroseconds(endMs - startMs);
    const result = {
      work,
      elapsedMs,
      userCpuMs: toMicroseconds(since('userCPUTime') / 1_000),
      systemCpuMs: toMicroseconds(since('systemCPUTime') / 1_000),
      cpuShare: toMicroseconds((since('userCPUTime') + since('systemCPUTime')) / 1_000 / elapsedMs),
      voluntarySwitches: since('voluntaryContextSwitches'),
      involuntarySwitches: since('involuntaryContextSwitches'),
      pageFaultsWithoutIo: since('minorPageFault'),
      maxRssBytes: after.maxRSS * 1_024,
    };
    return { result, lesson: conclude(result) };
  },
});

type Work = (call: Pick<DemoCall<never, never, never>, 'signal' | 'resources'>) => Promise<void>;

const works: Readonly<Record<'compute' | 'wait' | 'files', Work>> = {
  /** In slices, because other requests use the same event loop. */
  async compute({ signal }) {
    for (let from = 2; from < 600_000; from += 20_000) {
      countPrimesBetween(from, from + 20_000);
      await nextIteration();
      signal.throwIfAborted();
    }
  },
  async wait({ signal }) {
    await sleep(WAIT_MS, undefined, { signal });
  },
  async files({ signal, resources }) {
    const content = Buffer.alloc(256 * 1_024, 'x');
    await resources.budgets.poolTasks.use(1, signal, () =>
      resources.scratch.withPath(async (path) => {
        for (let i = 0; i < FILES; i += 1) {
          await writeFile(path, content, { signal });
          await readFile(path, { signal });
        }
      }),
    );
  },
};

export function conclude(result: Result): Lesson {
  const { work, elapsedMs, userCpuMs, systemCpuMs, cpuShare } = result;
  const { voluntarySwitches, involuntarySwitches } = result;
  const cpuMs = userCpuMs + systemCpuMs;
  const kernelShare = cpuMs === 0 ? 0 : systemCpuMs / cpuMs;
  const waited =
    involuntarySwitches > voluntarySwitches
      ? 'Most of the time it waited, probably for a core: it was preempted more often than it gave up its core.'
      : 'Most of the time it waited, which itself takes no CPU time.';
  return {
    headline: `"${work}" took ${ms(elapsedMs)} and used ${ms(cpuMs)} of CPU time`,
    text:
      `During the run, this process used ${percent(cpuShare)} of a core. ` +
      `${cpuShare < 0.25 ? waited : `The kernel used ${percent(kernelShare)} of the CPU time.`} ` +
      `The threads gave up their core ${count(voluntarySwitches, 'time')} to wait.`,
  };
}
