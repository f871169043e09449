import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { tracePool, type PoolRun } from '../evidence/pool-trace.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';

const derive = promisify(pbkdf2);

const taskSchema = z.strictObject({
  task: z.number(),
  poolThread: z.number().describe('Numbered in the order in which the threads began'),
  wave: z
    .number()
    .describe('1 for tasks that found a free thread, 2 for those that waited for one of these, and so on'),
  queuedMs: z.number().describe('From the call to the start on a pool thread'),
  ranMs: z.number(),
  cpuMs: z.number().describe('CPU time of the pool thread; less than ranMs where tasks share a core'),
});
type Task = z.infer<typeof taskSchema>;

export const pbkdf2Waves = demoRoute({
  method: 'get',
  path: '/pbkdf2',
  summary: 'Derives keys on the pool and shows on which pool thread, when and in which wave each ran.',
  teaches: 'With the default of four pool threads, tasks five and six wait for the first four.',
  query: z.object({
    tasks: wholeNumber('Keys to derive at once', { min: 1, max: 64, default: 6 }),
    iterations: wholeNumber('Rounds of each derivation', {
      min: 1_000,
      max: 1_000_000,
      default: 200_000,
    }),
  }),
  result: z.strictObject({
    poolThreads: z.number().describe('Pool threads that took part'),
    waves: z.number(),
    tasksByWave: z.array(z.number()),
    meanRunMs: z.number(),
    maxQueuedMs: z.number(),
    tasks: z.array(taskSchema),
  }),
  examples: [
    { title: 'Six tasks on four threads', query: { tasks: 6 } },
    { title: 'The same as bars', query: { tasks: 6, as: 'text' } },
    { title: 'As many tasks as threads: nobody waits', query: { tasks: 4, as: 'text' } },
  ],
  contrasts: ['thread-pool/size', 'thread-pool/starve'],
  async run({ query, signal, timeline, tools }) {
    const { tasks: asked, iterations } = query;
    // A task of the pool cannot be cancelled once it was asked for, so a client that left is noticed before.
    const { runs, startMs } = await tools.budgets.traces.use(1, signal, () =>
      tools.budgets.poolTasks.use(asked, signal, () =>
        tracePool(() =>
          Promise.all(
            Array.from({ length: asked }, () => derive('password', 'salt', iterations, 64, 'sha512')),
          ),
        ),
      ),
    );
    const tasks = describeTasks(runs.filter(({ kind }) => kind === 'crypto').slice(0, asked), startMs);
    const lead = timeline.now() - Math.max(...tasks.map(({ queuedMs, ranMs }) => queuedMs + ranMs));
    for (const { task, poolThread, queuedMs, ranMs } of tasks) {
      const from = Math.max(0, lead) + queuedMs;
      timeline.add(`task ${task}`, `pool thread ${poolThread}`, from, from + ranMs);
    }
    const result = summarize(tasks);
    return { result, lesson: conclude(asked, result) };
  },
});

/** Numbers the runs and counts waves: a task's wave is its place in the row of tasks that its thread ran. */
function describeTasks(runs: readonly PoolRun[], startMs: number): Task[] {
  const threads = [...new Set(runs.map(({ thread }) => thread))];
  const ranOnThread = new Map<number, number>();
  return runs
    .toSorted((a, b) => a.startMs - b.startMs)
    .map((run, index) => {
      const wave = (ranOnThread.get(run.thread) ?? 0) + 1;
      ranOnThread.set(run.thread, wave);
      return {
        task: index + 1,
        poolThread: threads.indexOf(run.thread) + 1,
        wave,
        queuedMs: toMicroseconds(Math.max(0, run.startMs - startMs)),
        ranMs: toMicroseconds(run.endMs - run.startMs),
        cpuMs: toMicroseconds(run.cpuMs),
      };
    });
}

function summarize(tasks: readonly Task[]) {
  const waves = Math.max(...tasks.map(({ wave }) => wave));
  return {
    poolThreads: new Set(tasks.map(({ poolThread }) => poolThread)).size,
    waves,
    tasksByWave: Array.from({ length: waves }, (_, i) => tasks.filter(({ wave }) => wave === i + 1).length),
    meanRunMs: toMicroseconds(tasks.reduce((sum, { ranMs }) => sum + ranMs, 0) / tasks.length),
    maxQueuedMs: Math.max(...tasks.map(({ queuedMs }) => queuedMs)),
    tasks: [...tasks],
  };
}

function conclude(
  asked: number,
  { poolThreads, waves, tasksByWave, maxQueuedMs, meanRunMs, tasks }: ReturnType<typeof summarize>,
): string {
  const cpu = tasks.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const ran = tasks.reduce((sum, { ranMs }) => sum + ranMs, 0);
  const shared =
    cpu < 0.75 * ran
      ? ` Only ${((100 * cpu) / ran).toFixed(0)} % of the time they ran was CPU time: there are fewer free cores than pool threads.`
      : '';
  const threads = count(poolThreads, 'pool thread');
  if (waves === 1) {
    return `${count(asked, 'task')} on ${threads} began at once: none waited longer than ${ms(maxQueuedMs)} for a thread.${shared}`;
  }
  return (
    `${count(asked, 'task')} on ${threads} ran in ${waves} waves of ${tasksByWave.join(' + ')}: the last to begin waited ` +
    `${ms(maxQueuedMs)} for a thread, where a task runs ${ms(meanRunMs)}.${shared}`
  );
}
