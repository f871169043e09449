import { z } from 'zod';
import { availableCpus } from '../../process/available-cpus.ts';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { withBatchChild, type BatchReport } from './batch.ts';
import { batchMs, type Batch } from './keys.ts';
import { describeSizeInCode, sizeInCode, sizeInCodeOfChildren } from './size-in-code.ts';

/** Runs of the batch with each size. */
const ROUNDS = 3;
/** Shorter batches are mostly noise. */
const MIN_BATCH_MS = 20;

const sizesExpected = 'must be one to six numbers from 1 to 64, such as 1,2,4,8';
const oneSize = '(?:[1-9]|[1-5][0-9]|6[0-4])';

const sizeResult = z.strictObject({
  poolSize: z.number().describe('UV_THREADPOOL_SIZE of the child'),
  poolThreads: z.number().describe('Pool threads that ran a task, from a trace of the child'),
  elapsedMs: z.number().describe('The fastest of three runs, measured in the child'),
  slowestMs: z.number().describe('The slowest of them'),
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
    'Derives the same batch of keys in child processes with pools of different sizes, three times each, in turns.',
  teaches:
    'More pool threads speed up CPU work only while there are idle cores. The size is fixed once the pool exists: set ' +
    'UV_THREADPOOL_SIZE in the environment before Node.js starts, because code that sets it may come too late.',
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
  result: z.strictObject({
    cores: z.number(),
    tasks: z.number(),
    sizes: z.array(sizeResult),
    setInCode: z.array(sizeInCode),
  }),
  examples: [
    { title: 'One, two, four and eight pool threads', query: { as: 'text' } },
    { title: 'More threads than tasks', query: { sizes: '4,16,64', tasks: 4, as: 'text' } },
  ],
  contrasts: ['thread-pool/pbkdf2'],
  async run({ query, signal, timeline, resources }) {
    const poolSizes = query.sizes.split(',').map(Number);
    const eachMs = poolSizes.map((poolSize) => batchMs(query, poolSize, resources));
    const totalMs = ROUNDS * eachMs.reduce((sum, each) => sum + each, 0);
    rejectLongWork('run', totalMs, ['sizes', 'tasks', 'iterations']);
    const cores = availableCpus();
    const call = { resources, signal, timeline };
    const sizes = await resources.budgets.children.use(poolSizes.length, signal, () =>
      runInTurns(poolSizes, query, call),
    );
    const setInCode = await resources.budgets.children.use(1, signal, () => sizeInCodeOfChildren(call));
    const { headline, text } = conclude(sizes, query.tasks, cores);
    return {
      result: { cores, tasks: query.tasks, sizes, setInCode },
      lesson: { headline, text: `${text} ${describeSizeInCode(setInCode)}` },
    };
  },
});

function isWithoutRepeats(list: string): boolean {
  const sizes = list.split(',');
  return new Set(sizes).size === sizes.length;
}

/**
 * Runs the batch several times in each child, in turns: noise of the machine meets all sizes, and the fastest run of each
 * met the least of it.
 */
async function runInTurns(
  sizes: readonly number[],
  batch: Batch,
  { resources, signal, timeline }: Pick<DemoCall<never, never, never>, 'resources' | 'signal' | 'timeline'>,
): Promise<SizeResult[]> {
  const runners: ((batch: Batch) => Promise<BatchReport>)[] = [];
  const withChildren = (
    left: readonly number[],
    work: () => Promise<SizeResult[]>,
  ): Promise<SizeResult[]> => {
    const [size, ...rest] = left;
    if (size === undefined) return work();
    return withBatchChild(size, signal, resources, (runBatch) => {
      runners.push(runBatch);
      return withChildren(rest, work);
    });
  };
  return withChildren(sizes, async () => {
    const reports: BatchReport[][] = sizes.map(() => []);
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const [index, runBatch] of runners.entries()) {
        const report = await timeline.record(`round ${round}`, `pool of ${sizes[index]}`, () =>
          runBatch(batch),
        );
        reports[index]?.push(report);
      }
    }
    return compare(sizes, reports);
  });
}

function compare(sizes: readonly number[], reports: readonly (readonly BatchReport[])[]): SizeResult[] {
  const fastest = reports.map((rounds) => rounds.toSorted((a, b) => a.elapsedMs - b.elapsedMs));
  const firstMs = fastest[0]?.[0]?.elapsedMs ?? 0;
  return fastest.flatMap((rounds, index) => {
    const [best] = rounds;
    const slowestMs = rounds.at(-1)?.elapsedMs ?? 0;
    if (best === undefined) return [];
    return {
      poolSize: sizes[index] ?? 0,
      poolThreads: new Set(best.runs.map(({ thread }) => thread)).size,
      elapsedMs: toMicroseconds(best.elapsedMs),
      slowestMs: toMicroseconds(slowestMs),
      cpuMs: toMicroseconds(best.cpuMs),
      coresUsed: toMicroseconds(best.cpuMs / best.elapsedMs),
      speedUp: toMicroseconds(firstMs / best.elapsedMs),
    };
  });
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
  if (first.elapsedMs < MIN_BATCH_MS) {
    return {
      headline: 'This run is too short to compare pool sizes',
      text: `${base}, which is mostly noise. Raise tasks or iterations.`,
    };
  }
  const coresUsed = Math.max(...sizes.map((tried) => tried.coresUsed));
  const used = `At most ${coresUsed.toFixed(1)} of ${count(cores, 'core')} were used.`;
  // The first size that is almost as fast as the best: larger ones gain little.
  const enough = sizes.find(({ speedUp }) => speedUp > 0.85 * best.speedUp) ?? best;
  if (enough !== first && !isClearlyFaster(enough, first)) {
    return {
      headline: 'The sizes differ no more than the runs of one size',
      text:
        `${base} to ${ms(first.slowestMs)} in ${ROUNDS} runs, and with a pool of ${enough.poolSize} ${ms(enough.elapsedMs)} to ` +
        `${ms(enough.slowestMs)}. ${explainNoGain(sizes, tasks, coresUsed / cores)} ${used}`,
    };
  }
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

/** More threads took part, and even the slowest run was faster than every run with the first size. */
function isClearlyFaster(size: SizeResult, first: SizeResult): boolean {
  return size.poolThreads > first.poolThreads && size.slowestMs < first.elapsedMs;
}

/** Why no size was faster than the first, as far as the figures show. */
function explainNoGain(sizes: readonly SizeResult[], tasks: number, shareOfCores: number): string {
  const tried = sizes.map(({ poolSize }) => poolSize);
  if (Math.max(...tried) === tried[0]) return 'No larger size was tried.';
  if (Math.min(...tried) >= tasks) return 'Each pool had a thread for every task; more threads stay idle.';
  if (shareOfCores > 0.8) return 'There was no idle core for more pool threads.';
  return 'The batch did not get all cores: other processes used them, or it was too short to tell.';
}
