import { z } from 'zod';
import { availableCpus } from '../../process/available-cpus.ts';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms, times } from '../evidence/words.ts';
import type { Tools } from '../work/tools.ts';
import type { BatchReport } from './batch.ts';

const batch = new URL('./batch.ts', import.meta.url);

const sizesExpected = 'must be one to six numbers from 1 to 64, such as 1,2,4,8';
const oneSize = '(?:[1-9]|[1-5][0-9]|6[0-4])';

/** A size that is compared with itself tells nothing of sizes. */
function isWithoutRepeats(list: string): boolean {
  const sizes = list.split(',');
  return new Set(sizes).size === sizes.length;
}

const sizeResult = z.strictObject({
  poolSize: z.number().describe('UV_THREADPOOL_SIZE of the child'),
  poolThreads: z.number().describe('Pool threads that took part, by the trace of the child'),
  elapsedMs: z.number().describe('As the child measured it'),
  cpuMs: z.number(),
  coresUsed: z.number().describe('CPU time by elapsed time'),
  speedUp: z.number().describe('Against the first size'),
});
export type SizeResult = z.infer<typeof sizeResult>;

export const size = demoRoute({
  method: 'get',
  path: '/size',
  summary: 'The same batch of keys in children with pools of different sizes, one child after the other.',
  teaches:
    'More pool threads help CPU work up to the cores that are there, and no further. The size can only be set before a ' +
    'process uses its pool, so each is tried in a process of its own.',
  query: z.object({
    sizes: z
      .string({ error: sizesExpected })
      .regex(new RegExp(`^${oneSize}(?:,${oneSize}){0,5}$`), { error: sizesExpected, abort: true })
      .refine(isWithoutRepeats, { error: 'must name each size only once' })
      .default('1,2,4,8')
      .describe('Sizes of the pool to try, one to six different numbers from 1 to 64'),
    tasks: wholeNumber('Keys to derive in each child', { min: 1, max: 64, default: 8 }),
    iterations: wholeNumber('Rounds of each derivation', { min: 1_000, max: 200_000, default: 30_000 }),
  }),
  result: z.strictObject({ cores: z.number(), tasks: z.number(), sizes: z.array(sizeResult) }),
  examples: [
    { title: 'One, two, four and eight pool threads', query: { as: 'text' } },
    { title: 'More threads than tasks', query: { sizes: '4,16,64', tasks: 4, as: 'text' } },
  ],
  contrasts: ['thread-pool/pbkdf2'],
  async run({ query, signal, timeline, tools }) {
    const sizes = query.sizes.split(',').map(Number);
    const reports = await tools.budgets.children.use(1, signal, async () => {
      const done: (BatchReport & { poolSize: number })[] = [];
      for (const poolSize of sizes) {
        const report = await timeline.record(`pool of ${poolSize}`, 'child', () =>
          runBatch(poolSize, query, tools, signal),
        );
        done.push({ poolSize, ...report });
      }
      return done;
    });
    const cores = availableCpus();
    const compared = compare(reports);
    return {
      result: { cores, tasks: query.tasks, sizes: compared },
      lesson: conclude(compared, query.tasks, cores),
    };
  },
});

interface Batch {
  readonly tasks: number;
  readonly iterations: number;
}

async function runBatch(
  poolSize: number,
  { tasks, iterations }: Batch,
  tools: Tools,
  signal: AbortSignal,
): Promise<BatchReport> {
  signal.throwIfAborted();
  const child = tools.children.startNode(batch, {
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
  if (code !== 0) throw new Error(`the batch ended with code ${code ?? 'none'}`);
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

export function conclude(sizes: readonly SizeResult[], tasks: number, cores: number): string {
  const [first] = sizes;
  const best = sizes.toSorted((a, b) => b.speedUp - a.speedUp)[0];
  if (first === undefined || best === undefined) return 'No size was tried, so nothing was observed.';
  const base = `With a pool of ${first.poolSize}, ${count(tasks, 'task')} took ${ms(first.elapsedMs)}`;
  if (sizes.length === 1)
    return `${base} on ${first.coresUsed.toFixed(1)} cores; name a second size to compare.`;
  // The first size that comes near to the best: what is beyond it was in vain.
  const enough = sizes.find(({ speedUp }) => speedUp > 0.85 * best.speedUp) ?? best;
  const beyond = sizes.filter(({ poolSize }) => poolSize > enough.poolSize);
  const coresUsed = Math.max(...sizes.map((size) => size.coresUsed));
  const used = `${coresUsed.toFixed(1)} of ${count(cores, 'core')} were used at most`;
  if (best.speedUp < 1.15) {
    return `${base}, and no other size was faster (${times(best.speedUp)} as fast at best): ${explainNoGain(sizes, tasks, coresUsed / cores)}; ${used}.`;
  }
  return (
    `${base}, with ${enough.poolSize} ${ms(enough.elapsedMs)}, ${times(enough.speedUp)} as fast` +
    (beyond.length === 0
      ? '; a larger one was not tried'
      : `; ${beyond.map(({ poolSize }) => poolSize).join(' and ')} brought no more (${beyond.map(({ speedUp }) => times(speedUp)).join(', ')})`) +
    `: ${used}.`
  );
}

/** Why no size was faster than the first, as far as the figures tell. */
function explainNoGain(sizes: readonly SizeResult[], tasks: number, shareOfCores: number): string {
  const tried = sizes.map(({ poolSize }) => poolSize);
  if (Math.max(...tried) === tried[0]) return 'no larger one was tried';
  if (Math.min(...tried) >= tasks)
    return 'each pool had a thread for every task, and more threads than tasks have nothing to do';
  if (shareOfCores > 0.8) return 'there was no idle core for more pool threads';
  return 'the batch did not get all cores, for something else had them, or it was too short to tell';
}
