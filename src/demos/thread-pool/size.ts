import { z } from 'zod';
import { availableCpus } from '../../process/available-cpus.ts';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import type { BatchReport } from './batch-child.ts';

const batchProgram = new URL('./batch-child.ts', import.meta.url);

const sizesExpected = 'must be one to six numbers from 1 to 64, such as 1,2,4,8';
const oneSize = '(?:[1-9]|[1-5][0-9]|6[0-4])';

const sizeResult = z.strictObject({
  poolSize: z.number().describe('UV_THREADPOOL_SIZE of the child'),
  poolThreads: z.number().describe('Pool threads that ran a task, from a trace of the child'),
  elapsedMs: z.number().describe('Measured in the child'),
  cpuMs: z.number(),
  coresUsed: z.number().describe('CPU time divided by elapsed time'),
  speedUp: z.number().describe('Relative to the first size'),
});
export type SizeResult = z.infer<typeof sizeResult>;

export const size = demoRoute({
  method: 'get',
  path: '/size',
  title: 'Compare pool sizes',
  summary:
    'Derives the same batch of keys in child processes with pools of different sizes, one after the other.',
  teaches:
    'More pool threads speed up CPU work only while there are idle cores. The size is fixed once the pool exists, so set ' +
    'UV_THREADPOOL_SIZE in the environment before Node.js starts, as this route does for each child.',
  query: z.object({
    sizes: z
      .string({ error: sizesExpected })
      .regex(new RegExp(`^${oneSize}(?:,${oneSize}){0,5}$`), { error: sizesExpected, abort: true })
      .refine(isWithoutRepeats, { error: 'must name each size only once' })
      .default('1,2,4,8')
      .describe('Pool sizes to compare: one to six different numbers from 1 to 64'),
    tasks: wholeNumber('Keys to derive in each child', { min: 1, max: 64, default: 8 }),
    iterations: wholeNumber('PBKDF2 iterations per key', { min: 1_000, max: 200_000, default: 30_000 }),
  }),
  result: z.strictObject({ cores: z.number(), tasks: z.number(), sizes: z.array(sizeResult) }),
  examples: [
    { title: 'One, two, four and eight pool threads', query: { as: 'text' } },
    { title: 'More threads than tasks', query: { sizes: '4,16,64', tasks: 4, as: 'text' } },
  ],
  contrasts: ['thread-pool/pbkdf2'],
  async run({ query, signal, timeline, resources }) {
    const reports = await resources.budgets.children.use(1, signal, async () => {
      const done: (BatchReport & { poolSize: number })[] = [];
      for (const poolSize of query.sizes.split(',').map(Number)) {
        const report = await timeline.record(`pool of ${poolSize}`, 'child', () =>
          runBatch(poolSize, query, resources, signal),
        );
        done.push({ poolSize, ...report });
      }
      return done;
    });
    const cores = availableCpus();
    const sizes = compare(reports);
    return { result: { cores, tasks: query.tasks, sizes }, lesson: conclude(sizes, query.tasks, cores) };
  },
});

function isWithoutRepeats(list: string): boolean {
  const sizes = list.split(',');
  return new Set(sizes).size === sizes.length;
}

interface Batch {
  readonly tasks: number;
  readonly iterations: number;
}

async function runBatch(
  poolSize: number,
  { tasks, iterations }: Batch,
  resources: DemoResources,
  signal: AbortSignal,
): Promise<BatchReport> {
  signal.throwIfAborted();
  const child = resources.children.startNode(batchProgram, {
    args: [String(tasks), String(iterations)],
    env: { UV_THREADPOOL_SIZE: String(poolSize) },
    signal,
  });
  let output = '';
  child.process.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.process.stderr?.resume();
  const { code } = await child.exited;
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`batch child exited with code ${code ?? 'none'}`);
  return JSON.parse(output) as BatchReport;
}

function compare(reports: readonly (BatchReport & { poolSize: number })[]): SizeResult[] {
  return reports.map(({ poolSize, poolThreads, elapsedMs, cpuMs }) => ({
    poolSize,
    poolThreads,
    elapsedMs: toMicroseconds(elapsedMs),
    cpuMs: toMicroseconds(cpuMs),
    coresUsed: toMicroseconds(cpuMs / elapsedMs),
    speedUp: toMicroseconds((reports[0]?.elapsedMs ?? elapsedMs) / elapsedMs),
  }));
}

export function conclude(sizes: readonly SizeResult[], tasks: number, cores: number): Lesson {
  const [first] = sizes;
  const best = sizes.toSorted((a, b) => b.speedUp - a.speedUp)[0];
  if (first === undefined || best === undefined) {
    return { headline: 'No pool size was tried', text: 'No size was tried, so nothing was observed.' };
  }
  const base = `With a pool of ${first.poolSize}, ${count(tasks, 'task')} took ${ms(first.elapsedMs)}`;
  if (sizes.length === 1) {
    return {
      headline: base,
      text: `${base} and used ${first.coresUsed.toFixed(1)} cores. Name a second size to compare.`,
    };
  }
  const coresUsed = Math.max(...sizes.map((tried) => tried.coresUsed));
  const used = `At most ${coresUsed.toFixed(1)} of ${count(cores, 'core')} were used.`;
  // The first size that is almost as fast as the best: larger ones gain little.
  const enough = sizes.find(({ speedUp }) => speedUp > 0.85 * best.speedUp) ?? best;
  if (enough === first) {
    return {
      headline: `No other size was much faster than a pool of ${first.poolSize}`,
      text:
        `${base}. The best size was ${times(best.speedUp)} as fast. ` +
        `${explainNoGain(sizes, tasks, coresUsed / cores)} ${used}`,
    };
  }
  const beyond = sizes.filter(({ poolSize }) => poolSize > enough.poolSize);
  const larger =
    beyond.length === 0
      ? 'No larger size was tried.'
      : `Larger sizes gained little: ${beyond.map(({ poolSize, speedUp }) => `${times(speedUp)} with ${poolSize}`).join(', ')}.`;
  return {
    headline: `A pool of ${enough.poolSize} was ${times(enough.speedUp)} as fast as one of ${first.poolSize}`,
    text: `${base}. A pool of ${enough.poolSize} took ${ms(enough.elapsedMs)} and was ${times(enough.speedUp)} as fast. ${larger} ${used}`,
  };
}

/** Why no size was faster than the first, as far as the figures show. */
function explainNoGain(sizes: readonly SizeResult[], tasks: number, shareOfCores: number): string {
  const tried = sizes.map(({ poolSize }) => poolSize);
  if (Math.max(...tried) === tried[0]) return 'No larger size was tried.';
  if (Math.min(...tried) >= tasks) return 'Each pool had a thread for every task; more threads stay idle.';
  if (shareOfCores > 0.8) return 'There was no idle core for more pool threads.';
  return 'The batch did not get all cores: other processes used them, or it was too short to tell.';
}
