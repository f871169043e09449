import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { median, renderTable, spread, verdict } from './table.ts';

const program = new URL('./thread-job.ts', import.meta.url);
const JOBS = 200;
/** Below it the largest prime is looked for: some milliseconds of work. */
const LIMIT = 60_000;
const EMPTY_JOBS = 2_000;

interface Runner extends AsyncDisposable {
  readonly name: string;
  run(limit: number): Promise<unknown>;
}

/** @returns the same CPU jobs through the pool and through threads that are given them by hand, as text */
export async function benchThreads(rounds: number): Promise<string> {
  const threads = availableParallelism();
  await using bare = bareThreads(threads);
  await using pool = threadPool(threads);
  const samples = new Map<Runner, { perSecond: number[]; dispatchMicroseconds: number[] }>([
    [bare, { perSecond: [], dispatchMicroseconds: [] }],
    [pool, { perSecond: [], dispatchMicroseconds: [] }],
  ]);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [runner, { perSecond, dispatchMicroseconds }] of samples) {
      const all = await time(() => Promise.all(Array.from({ length: JOBS }, () => runner.run(LIMIT))));
      const empty = await time(async () => {
        for (let job = 0; job < EMPTY_JOBS; job += 1) await runner.run(0);
      });
      if (round === 0) continue;
      perSecond.push((JOBS * 1_000) / all);
      dispatchMicroseconds.push((empty * 1_000) / EMPTY_JOBS);
    }
    process.stderr.write(`bench: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: threads\n`);
  }
  const ours = median(samples.get(pool)?.perSecond ?? []);
  const rows = [...samples].map(([runner, { perSecond, dispatchMicroseconds }]) => ({
    [`${JOBS} jobs, ${threads} threads`]: runner.name,
    'jobs/s': median(perSecond).toFixed(0),
    spread: spread(perSecond),
    'pool / it': (ours / median(perSecond)).toFixed(2),
    aim: runner === bare ? verdict(ours / median(perSecond), 'at least', 0.95) : '',
    'there and back µs': median(dispatchMicroseconds).toFixed(1),
  }));
  return `\na CPU job on threads\n${renderTable(rows)}\n`;
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function threadPool(threads: number): Runner {
  const pool = new Piscina({ filename: program.href, minThreads: threads, maxThreads: threads });
  return {
    name: 'thread pool',
    run: (limit) => pool.run(limit),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

/** Each thread gets its next job with the answer to the last: as little as can be done. */
function bareThreads(count: number): Runner {
  const idle = Array.from({ length: count }, () => new Worker(program));
  const all = [...idle];
  const waiting: ((thread: Worker) => void)[] = [];
  return {
    name: 'bare threads',
    async run(limit) {
      const thread = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
      thread.postMessage(limit);
      const [answer] = (await once(thread, 'message')) as [unknown];
      const next = waiting.shift();
      if (next === undefined) idle.push(thread);
      else next(thread);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((thread) => thread.terminate()));
    },
  };
}
