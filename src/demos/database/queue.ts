import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { withRunTable } from './run-table.ts';

const POLL_MS = 10;

const wayNames = ['select-then-update', 'for-update', 'skip-locked'] as const;
type Way = (typeof wayNames)[number];

const rowSchema = z.strictObject({
  way: z.enum(wayNames),
  done: z.number().describe('How often a worker did a job'),
  doneAgain: z.number().describe('Of these, how often the job had been done or begun already'),
  mostWaiting: z.number().describe('Workers that waited for a lock at the same time (pg_stat_activity)'),
  takeMs: z.number().describe('Time that all workers together spent on taking jobs'),
  totalMs: z.number(),
});
type Row = z.infer<typeof rowSchema>;

const resultSchema = z.strictObject({
  workers: z.number(),
  jobs: z.number(),
  workMs: z.number(),
  ways: z.array(rowSchema),
});
type Result = z.infer<typeof resultSchema>;

export const queue = demoRoute({
  method: 'get',
  path: '/queue',
  title: 'Take jobs from a table',
  summary: 'Several workers take jobs from one table: without a lock, with one, and skipping locked rows.',
  teaches: '`for update skip locked` gives each worker a job that no other one has, without waiting.',
  query: z.object({
    workers: wholeNumber('Concurrent workers', { min: 2, max: 8, default: 4 }),
    jobs: wholeNumber('Jobs in the table', { min: 4, max: 100, default: 40 }),
    work: wholeNumber('Duration of a job (ms)', { min: 1, max: 20, default: 10 }),
  }),
  result: resultSchema,
  examples: [{ title: 'Three ways to take jobs', query: { as: 'text' } }],
  contrasts: ['database/notify', 'database/outbox'],
  run({ query: { workers, jobs, work: workMs }, resources, signal, timeline }) {
    const create = (table: string) =>
      `create unlogged table ${table} (id integer primary key, done boolean not null default false)`;
    return withRunTable(
      resources,
      { create, clients: workers + 1, signal },
      async (table, observer, ...clients) => {
        const ways: Row[] = [];
        for (const way of wayNames) {
          await observer.query(`truncate ${table}`);
          await observer.query(`insert into ${table} select generate_series(1, ${jobs})`);
          const run = new QueueRun(way, table, workMs, signal);
          const startMs = timeline.now();
          const working = Promise.all(clients.map((client) => run.work(client)));
          const mostWaiting = await countWaiting(observer, table, working, signal);
          await working;
          const endMs = timeline.now();
          timeline.add(way, 'all jobs', startMs, endMs);
          ways.push({ way, ...run.counts, mostWaiting, totalMs: toMicroseconds(endMs - startMs) });
        }
        const result = { workers, jobs, workMs, ways };
        return { result, lesson: conclude(result) };
      },
    );
  },
});

/** Workers that empty the table in one of the ways. */
class QueueRun {
  readonly #way: Way;
  readonly #table: string;
  readonly #workMs: number;
  readonly #signal: AbortSignal;
  readonly #begun = new Set<number>();
  #done = 0;
  #doneAgain = 0;
  #takeMs = 0;

  constructor(way: Way, table: string, workMs: number, signal: AbortSignal) {
    this.#way = way;
    this.#table = table;
    this.#workMs = workMs;
    this.#signal = signal;
  }

  get counts() {
    return { done: this.#done, doneAgain: this.#doneAgain, takeMs: toMicroseconds(this.#takeMs) };
  }

  /** A whole queue: the lock is held until the job is done, and a crash gives the job back. */
  async work(client: ClientBase): Promise<void> {
    const locked = this.#way !== 'select-then-update';
    const lock = {
      'select-then-update': '',
      'for-update': 'for update',
      'skip-locked': 'for update skip locked',
    };
    for (;;) {
      if (locked) await client.query('begin');
      const startedAt = performance.now();
      const { rows } = await client.query<{ id: number }>(
        `select id from ${this.#table} where not done order by id limit 1 ${lock[this.#way]}`,
      );
      this.#takeMs += performance.now() - startedAt;
      const id = rows[0]?.id;
      if (id !== undefined) {
        await this.#do(id);
        await client.query(`update ${this.#table} set done = true where id = $1`, [id]);
      }
      if (locked) await client.query('commit');
      if (id === undefined) return;
    }
  }

  async #do(id: number): Promise<void> {
    if (this.#begun.has(id)) this.#doneAgain += 1;
    this.#begun.add(id);
    await sleep(this.#workMs, undefined, { signal: this.#signal });
    this.#done += 1;
  }
}

/** Polls the server's own view until the work has ended. @returns how many workers waited for a lock at most */
async function countWaiting(
  observer: ClientBase,
  table: string,
  working: Promise<unknown>,
  signal: AbortSignal,
): Promise<number> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  working.then(end, end);
  let most = 0;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- changes while this waits
  while (!ended) {
    const { rows } = await observer.query<{ waiting: number }>(
      `select count(*)::integer as waiting from pg_stat_activity
       where wait_event_type = 'Lock' and strpos(query, $1) > 0`,
      [table],
    );
    most = Math.max(most, rows[0]?.waiting ?? 0);
    await sleep(POLL_MS, undefined, { signal });
  }
  return most;
}

function conclude({ workers, jobs, ways }: Result): Lesson {
  const sentences = ways.map(
    ({ way, doneAgain, mostWaiting, totalMs }) =>
      `${way} took ${ms(totalMs)}, with ${count(doneAgain, 'job')} done again and up to ${count(mostWaiting, 'worker')} ` +
      'waiting for a lock.',
  );
  const text =
    `${count(workers, 'worker')} emptied a queue of ${count(jobs, 'job')}: ${sentences.join(' ')} ` +
    'A library such as pg-boss takes jobs by skip locked, and adds retries, schedules and dead letters.';
  const naive = ways.find(({ way }) => way === 'select-then-update');
  const skip = ways.find(({ way }) => way === 'skip-locked');
  const waits = ways.find(({ way }) => way === 'for-update');
  if (skip?.doneAgain === 0 && waits !== undefined && skip.totalMs < waits.totalMs)
    return {
      headline: `Skip locked took ${ms(skip.totalMs)}, plain locks ${ms(waits.totalMs)}`,
      text: `${text} ${naive?.doneAgain ? 'Without a lock several workers read the same row before one of them marks it.' : ''}`.trimEnd(),
    };
  return { headline: 'Skipping locked rows brought no advantage in this run', text };
}
