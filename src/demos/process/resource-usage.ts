import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, oneOf, type DemoCall } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms, percent } from '../evidence/words.ts';
import { countPrimesBetween } from '../work/primes.ts';

const resultSchema = z.strictObject({
  work: z.string(),
  elapsedMs: z.number(),
  userCpuMs: z.number().describe('In JavaScript, and whatever else runs in this process itself'),
  systemCpuMs: z.number().describe('In the kernel, on behalf of this process'),
  cpuShare: z.number().describe('CPU time against elapsed time; over 1 where several threads worked'),
  voluntarySwitches: z.number().describe('How often a thread gave up its core to wait'),
  involuntarySwitches: z.number().describe('How often a core was taken from it'),
  pageFaultsWithoutIo: z.number(),
  maxRssBytes: z.number().describe('The most this process has ever had in memory'),
});
export type Result = z.infer<typeof resultSchema>;

const FILES = 150;
const WAIT_MS = 150;

export const resourceUsage = demoRoute({
  method: 'get',
  path: '/resource-usage',
  summary: 'What the kernel charges this process for computing, for waiting, and for work with files.',
  teaches:
    'Elapsed time says nothing of cost: waiting is free, computing is user time, files and sockets are system time.',
  query: z.object({ work: oneOf('What is done meanwhile', ['compute', 'wait', 'files']) }),
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
  async run({ query: { work }, signal, timeline, tools }) {
    const before = process.resourceUsage();
    const startMs = timeline.now();
    await works[work]({ signal, tools });
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

type Work = (call: Pick<DemoCall<never, never, never>, 'signal' | 'tools'>) => Promise<void>;

const works: Readonly<Record<'compute' | 'wait' | 'files', Work>> = {
  /** In slices, for this is the event loop that others use. */
  async compute({ signal }) {
    for (let from = 2; from < 600_000; from += 20_000) {
      countPrimesBetween(from, from + 20_000);
      await nextTurn();
      signal.throwIfAborted();
    }
  },
  async wait({ signal }) {
    await sleep(WAIT_MS, undefined, { signal });
  },
  async files({ signal, tools }) {
    const content = Buffer.alloc(256 * 1_024, 'x');
    await tools.budgets.poolTasks.use(1, signal, () =>
      tools.scratch.lend(async (path) => {
        for (let i = 0; i < FILES; i += 1) {
          await writeFile(path, content, { signal });
          await readFile(path, { signal });
        }
      }),
    );
  },
};

export function conclude(result: Result): string {
  const { work, elapsedMs, userCpuMs, systemCpuMs, cpuShare } = result;
  const { voluntarySwitches, involuntarySwitches } = result;
  const cpuMs = userCpuMs + systemCpuMs;
  const kernel = cpuMs === 0 ? 0 : systemCpuMs / cpuMs;
  const charged =
    cpuShare < 0.25
      ? `most of that time this process ${involuntarySwitches > voluntarySwitches ? 'waited for a core' : 'waited, which costs nothing'}`
      : `${percent(kernel)} of the CPU time was the kernel's`;
  return (
    `${ms(elapsedMs)} of «${work}» took ${ms(cpuMs)} of CPU time, ${percent(cpuShare)} of a core; ${charged}, ` +
    `and its threads gave up their core ${count(voluntarySwitches, 'time')} to wait.`
  );
}
