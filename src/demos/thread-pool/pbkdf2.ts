import { z } from 'zod';
import { count, ms, percent } from '../kit/answer/units.ts';
import { availableCpus } from '../../process/available-cpus.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import type { PoolRun } from '../kit/measure/pool-trace.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { withBatchChild } from './batch.ts';
import { batchMs, poolSize } from './keys.ts';

const taskSchema = z.strictObject({
  task: z.number(),
  poolThread: z.number().describe('Numbered in the order in which the threads started'),
  ordinalOnThread: z
    .number()
    .describe('Ordinal of the task on its thread: 1 found a free thread, 2 and more waited for that thread'),
  queuedMs: z.number().describe('From the call to the start on a pool thread'),
  ranMs: z.number(),
  cpuMs: z.number().describe('CPU time of the pool thread; less than ranMs if it had to share a core'),
});
type Task = z.infer<typeof taskSchema>;

export const pbkdf2 = demoRoute({
  method: 'get',
  path: '/pbkdf2',
  title: 'Trace the pool threads',
  summary:
    'Derives keys on the pool of a child process and shows when and on which pool thread each task ran.',
  teaches:
    'The pool has four threads by default. Tasks five and six start as soon as a thread is free; they do not wait for all ' +
    'four tasks to finish. The child has a pool as large as that of this worker, and no other work in it.',
  query: z.object({
    tasks: wholeNumber('Keys to derive at once', { min: 1, max: 64, default: 6 }),
    iterations: wholeNumber('PBKDF2 iterations per key', { min: 1_000, max: 1_000_000, default: 200_000 }),
  }),
  result: z.strictObject({
    poolSize: z.number().describe('UV_THREADPOOL_SIZE of the child, which is that of this worker'),
    poolThreads: z.number().describe('Pool threads that ran a task'),
    startedAtOnce: z.number().describe('Tasks that found a free thread'),
    maxTasksOnThread: z.number().describe('Tasks that the busiest thread ran, one after the other'),
    meanRunMs: z.number(),
    maxQueuedMs: z.number(),
    tasks: z.array(taskSchema),
  }),
  examples: [
    { title: 'Six tasks on four threads', query: { tasks: 6 } },
    { title: 'Six tasks as bars', query: { tasks: 6, as: 'text' } },
    { title: 'A thread for every task', query: { tasks: 4, as: 'text' } },
  ],
  contrasts: ['thread-pool/size', 'thread-pool/starve'],
  async run({ query, signal, timeline, resources }) {
    const size = poolSize();
    rejectLongWork('fill the thread pool', batchMs(query, size, resources), ['tasks', 'iterations']);
    const { runs, startMs } = await resources.budgets.children.use(1, signal, () =>
      withBatchChild(size, signal, resources, (runBatch) => runBatch(query)),
    );
    const tasks = describeTasks(runs, startMs);
    const zero = startMs - (monotonicMs() - timeline.now());
    for (const { task, poolThread, queuedMs, ranMs } of tasks) {
      timeline.add(`task ${task}`, `pool thread ${poolThread}`, zero + queuedMs, zero + queuedMs + ranMs);
    }
    const result = { poolSize: size, ...summarize(tasks) };
    return { result, lesson: conclude(query.tasks, size, result, availableCpus()) };
  },
});

/** Numbers the tasks by their start, and gives each its ordinal on its thread. */
function describeTasks(runs: readonly PoolRun[], startMs: number): Task[] {
  const threads = [...new Set(runs.map(({ thread }) => thread))];
  const tasksOfThread = new Map<number, number>();
  return runs
    .toSorted((a, b) => a.startMs - b.startMs)
    .map((run, index) => {
      const ordinalOnThread = (tasksOfThread.get(run.thread) ?? 0) + 1;
      tasksOfThread.set(run.thread, ordinalOnThread);
      return {
        task: index + 1,
        poolThread: threads.indexOf(run.thread) + 1,
        ordinalOnThread,
        queuedMs: toMicroseconds(Math.max(0, run.startMs - startMs)),
        ranMs: toMicroseconds(run.endMs - run.startMs),
        cpuMs: toMicroseconds(run.cpuMs),
      };
    });
}

function summarize(tasks: readonly Task[]) {
  const ordinals = tasks.map(({ ordinalOnThread }) => ordinalOnThread);
  return {
    poolThreads: new Set(tasks.map(({ poolThread }) => poolThread)).size,
    startedAtOnce: ordinals.filter((ordinal) => ordinal === 1).length,
    maxTasksOnThread: Math.max(...ordinals),
    meanRunMs: toMicroseconds(tasks.reduce((sum, { ranMs }) => sum + ranMs, 0) / tasks.length),
    maxQueuedMs: Math.max(...tasks.map(({ queuedMs }) => queuedMs)),
    tasks: [...tasks],
  };
}

export function conclude(
  requested: number,
  size: number,
  result: ReturnType<typeof summarize>,
  cores: number,
): Lesson {
  const { startedAtOnce, maxQueuedMs, meanRunMs, tasks } = result;
  const waited = requested - startedAtOnce;
  const cpuMs = tasks.reduce((sum, task) => sum + task.cpuMs, 0);
  const ranMs = tasks.reduce((sum, task) => sum + task.ranMs, 0);
  const shared =
    cpuMs < 0.75 * ranMs
      ? ` Only ${percent(cpuMs / ranMs)} of their run time was CPU time: ${
          result.poolThreads > cores
            ? `${count(cores, 'core')} for ${count(result.poolThreads, 'busy pool thread')}`
            : 'other work used the cores as well'
        }.`
      : '';
  const threads = count(result.poolThreads, 'pool thread');
  if (result.poolThreads < Math.min(size, requested)) {
    return {
      headline: 'This run does not show whether a task waited for a thread',
      text:
        `${count(requested, 'task')} of ${ms(meanRunMs)} ran on ${threads} of ${size}: a task was over before another ` +
        'thread had woken up, or that thread got no core. Raise iterations.',
    };
  }
  if (waited === 0) {
    return {
      headline: `${count(requested, 'task')} found a free pool thread at once`,
      text: `${count(requested, 'task')} started at once on ${threads}. None waited longer than ${ms(maxQueuedMs)} for a thread.${shared}`,
    };
  }
  return {
    headline: `${waited} of ${requested} tasks waited for one of ${threads}`,
    text:
      `${count(requested, 'task')} ran on ${threads}: ${startedAtOnce} started at once, and ${waited} when a thread ` +
      `became free. The last task to start waited ${ms(maxQueuedMs)} for a free thread; a task ran for ` +
      `${ms(meanRunMs)} on average.${shared}`,
  };
}
