import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { median } from '../../src/shared/statistics.ts';
import { showRound } from './settings.ts';
import { judge, range, renderRows } from './table.ts';

const program = new URL('./thread-job.ts', import.meta.url);
const JOBS = 200;
/** Finding the largest prime below it takes some milliseconds. */
const LIMIT = 60_000;
const EMPTY_JOBS = 2_000;

interface Runner extends AsyncDisposable {
  readonly name: string;
  run(limit: number): Promise<unknown>;
}

/** Measures the same CPU jobs in a worker pool (piscina) and on plain worker threads. @returns a table, as text */
export async function benchThreads(rounds: number): Promise<string> {
  const threads = availableParallelism();
  await using plain = plainThreads(threads);
  await using pool = workerPool(threads);
  const samples = [plain, pool].map((runner) => ({
    runner,
    perSecond: [] as number[],
    roundTripMicroseconds: [] as number[],
  }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { runner, perSecond, roundTripMicroseconds } of samples) {
      const jobsMs = await time(() => Promise.all(Array.from({ length: JOBS }, () => runner.run(LIMIT))));
      const emptyMs = await time(async () => {
        for (let job = 0; job < EMPTY_JOBS; job += 1) await runner.run(0);
      });
      if (round === 0) continue;
      perSecond.push((JOBS * 1_000) / jobsMs);
      roundTripMicroseconds.push((emptyMs * 1_000) / EMPTY_JOBS);
    }
    showRound(round, rounds, 'threads');
  }
  const poolRate = median(samples[1]?.perSecond ?? []);
  const rows = samples.map(({ runner, perSecond, roundTripMicroseconds }) => ({
    [`${JOBS} jobs, ${threads} threads`]: runner.name,
    'jobs/s': median(perSecond).toFixed(0),
    range: range(perSecond),
    'pool / it': (poolRate / median(perSecond)).toFixed(2),
    target: runner === plain ? judge(poolRate / median(perSecond), 'at least', 0.95) : '',
    'round trip µs': median(roundTripMicroseconds).toFixed(1),
  }));
  return `\na CPU job on threads\n${renderRows(rows)}\n`;
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function workerPool(threads: number): Runner {
  const pool = new Piscina({ filename: program.href, minThreads: threads, maxThreads: threads });
  return {
    name: 'worker pool',
    run: (limit) => pool.run(limit),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

/** The minimum overhead: a thread receives its next job as soon as it has returned a result. */
function plainThreads(count: number): Runner {
  const idle = Array.from({ length: count }, () => new Worker(program));
  const all = [...idle];
  const waiting: ((thread: Worker) => void)[] = [];
  return {
    name: 'plain threads',
    async run(limit) {
      const thread = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
      thread.postMessage(limit);
      const [result] = (await once(thread, 'message')) as [unknown];
      const next = waiting.shift();
      if (next === undefined) idle.push(thread);
      else next(thread);
      return result;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((thread) => thread.terminate()));
    },
  };
}
