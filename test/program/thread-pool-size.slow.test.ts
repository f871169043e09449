import { expect, test } from '@jest/globals';
import { Program, until } from '../support/program.ts';

interface PoolUse {
  readonly poolThreads: number;
  readonly maxTasksOnThread: number;
}

async function traceSixTasks(program: Program): Promise<PoolUse> {
  const response = await program.get('/demos/thread-pool/pbkdf2?tasks=6');
  return ((await response.json()) as { result: PoolUse }).result;
}

// A single process sets UV_THREADPOOL_SIZE for itself, which Node.js does not guarantee to work.
test.each([
  { size: 2, tasksEach: 3 },
  { size: 6, tasksEach: 1 },
])(
  'THREAD_POOL_SIZE=$size applies with WORKERS=0: of six tasks each thread runs $tasksEach',
  async ({ size, tasksEach }) => {
    await using program = await Program.start({ WORKERS: '0', THREAD_POOL_SIZE: String(size) });
    // Retried: on a busy machine a thread may get no CPU until another one has run its task.
    const { poolThreads } = await until(`${tasksEach} of six tasks on each of ${size} threads`, async () => {
      const used = await traceSixTasks(program);
      expect(used.poolThreads).toBeLessThanOrEqual(size);
      return used.maxTasksOnThread === tasksEach ? used : undefined;
    });
    expect(poolThreads).toBe(size);
  },
);
