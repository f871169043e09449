import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineJob, type Job, type JobHandler } from '../../src/jobs/job.ts';
import type { FeatureSet } from '../../src/routes/feature.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/program.ts';

const data = z.strictObject({ n: z.int() });
type Data = z.output<typeof data>;

/** A service with jobs in place of its features, and a table for their effects. */
async function startService(
  added: readonly (readonly [Job<Data>, JobHandler<Data>])[],
  env: Readonly<Record<string, string>> = { JOBS: 'worker' },
): Promise<TestApp> {
  const set: FeatureSet = {
    load: async () => ({
      async create({ resources: { jobs, database } }) {
        await database.query('create table if not exists effects (n integer not null)');
        for (const [job, handler] of added) await jobs.add(job, handler);
        return { features: [] };
      },
    }),
  };
  return createTestApp({ env, sets: [set] });
}

async function effectsOf({ resources: { database } }: TestApp): Promise<number[]> {
  const { rows } = await database.query<{ n: number }>('select n from effects order by n');
  return rows.map(({ n }) => n);
}

async function jobsIn({ resources: { database } }: TestApp, name: string): Promise<number[]> {
  const text = `select (data->'data'->>'n')::integer as n from pgboss.job where name = $1 order by n`;
  const { rows } = await database.query<{ n: number }>(text, [name]);
  return rows.map(({ n }) => n);
}

const noWork = () => Promise.resolve();

describe('enqueueing', () => {
  test('in a transaction stores the row and its job, or neither', async () => {
    const job = defineJob({ name: 'atomic', data });
    await using service = await startService([[job, noWork]], { JOBS: 'off' });
    const { jobs, database } = service.resources;
    const insert = 'insert into effects values ($1)';
    for (let n = 0; n < 200; n += 1) {
      const crash = n % 2 === 1;
      const done = database.transaction(async (transaction) => {
        await transaction.query(insert, [n]);
        if (crash && n % 4 === 1) throw new Error('crash between the row and the job');
        await jobs.enqueue(job, { n }, { transaction });
        if (crash) throw new Error('crash after the job');
      });
      if (crash) await expect(done).rejects.toThrow('crash');
      else await done;
    }
    const even = Array.from({ length: 100 }, (_, index) => index * 2);
    expect(await effectsOf(service)).toEqual(even);
    expect(await jobsIn(service, 'atomic')).toEqual(even);
  });

  test('works with JOBS=off, which runs no job', async () => {
    let runs = 0;
    const job = defineJob({ name: 'not-here', data });
    const count = () => Promise.resolve(void (runs += 1));
    await using service = await startService([[job, count]], { JOBS: 'off' });
    await service.resources.jobs.enqueue(job, { n: 1 });
    await sleep(1_500); // three times as long as between two polls
    expect(runs).toBe(0);
    expect(await jobsIn(service, 'not-here')).toEqual([1]);
  });

  test('rejects data that the schema does not allow, and a job that was not added', async () => {
    const job = defineJob({ name: 'checked', data });
    await using service = await startService([[job, noWork]], { JOBS: 'off' });
    await expect(service.resources.jobs.enqueue(job, { n: 0.5 })).rejects.toThrow('int');
    const other = defineJob({ name: 'other', data });
    await expect(service.resources.jobs.enqueue(other, { n: 1 })).rejects.toThrow('was not added');
  });
});

describe('running', () => {
  test('carries the request to the log lines of its job', async () => {
    const job = defineJob({ name: 'traced', data });
    const set: FeatureSet = {
      load: async () => ({
        async create({ resources: { jobs } }) {
          await jobs.add(job, noWork);
          const enqueue = { path: '/enqueue', handler: () => jobs.enqueue(job, { n: 1 }) };
          return {
            features: [],
            plainRoutes: [
              { ...enqueue, handler: async (_req, res) => void res.json({ id: await enqueue.handler() }) },
            ],
          };
        },
      }),
    };
    await using service = await createTestApp({ env: { JOBS: 'worker' }, sets: [set] });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await service.client
      .get('/enqueue')
      .set('X-Request-Id', 'the-request')
      .set('traceparent', `00-${traceId}-b7ad6b7169203331-01`)
      .expect(200);
    const line = await until('the line of the job', () =>
      service.logged.find(({ event }) => event === 'job'),
    );
    expect(line).toMatchObject({ job: 'traced', attempt: 1, requestId: 'the-request', traceId });
  });

  test('runs jobs of a higher priority first', async () => {
    const order: number[] = [];
    const low = defineJob({ name: 'ranked', data, concurrency: 1 });
    const high: Job<Data> = { ...low, priority: 10 };
    const note: JobHandler<Data> = ({ n }) => Promise.resolve(void order.push(n));
    await using service = await startService([[low, note]]);
    const { jobs, database } = service.resources;
    // One transaction, so that the worker sees both at once.
    await database.transaction(async (transaction) => {
      await jobs.enqueue(low, { n: 1 }, { transaction });
      await jobs.enqueue(high, { n: 2 }, { transaction });
    });
    await until('both jobs', () => (order.length === 2 ? true : undefined));
    expect(order).toEqual([2, 1]);
  });

  test('retries with growing delays, then hands the data to the dead letter', async () => {
    const attempts: number[] = [];
    const startedAt: number[] = [];
    const dead: number[] = [];
    const deadLetter = defineJob({ name: 'dead', data });
    const job = defineJob({ name: 'failing', data, retry: { limit: 2, delayS: 1 }, deadLetter });
    await using service = await startService([
      [deadLetter, ({ n }) => Promise.resolve(void dead.push(n))],
      [
        job,
        (_data, { attempt }) => {
          attempts.push(attempt);
          startedAt.push(performance.now());
          return Promise.reject(new Error('no luck'));
        },
      ],
    ]);
    await service.resources.jobs.enqueue(job, { n: 7 });
    await until('the dead letter', () => (dead.length > 0 ? true : undefined));
    expect(attempts).toEqual([1, 2, 3]);
    expect(dead).toEqual([7]);
    const [first = 0, second = 0, third = 0] = startedAt;
    expect(second - first).toBeGreaterThan(450); // at least half of the delay, and random
    expect(third - second).toBeGreaterThan(950);
    const failures = service.logged.filter(({ event }) => event === 'job-failed');
    expect(failures.map(({ retriesLeft }) => retriesLeft)).toEqual([2, 1, 0]);
    // Counted when the job is settled, which is after its handler has returned.
    const text = await until('the completed job', async () => {
      const metrics = await service.metrics.registry.metrics();
      return metrics.includes('\njobs_completed_total 1\n') ? metrics : undefined;
    });
    expect(text).toContain('\njobs_failed_total 3\n');
  });

  test('rolls back the effect of an attempt that loses its job in the same transaction', async () => {
    const job = defineJob({ name: 'once', data, retry: { delayS: 1 } });
    await using service = await startService([
      [
        job,
        async ({ n }, { attempt, complete, id }) => {
          await complete(async (transaction) => {
            await transaction.query('insert into effects values ($1)', [n]);
            if (attempt > 1) return;
            // As if another process had taken it over.
            await service.resources.database.query(
              'update pgboss.job set retry_count = retry_count + 1 where id = $1',
              [id],
            );
          });
        },
      ],
    ]);
    const { jobs, database } = service.resources;
    const id = await jobs.enqueue(job, { n: 3 });
    await until('the failed attempt', () => service.logged.find(({ event }) => event === 'job-failed'));
    expect(await effectsOf(service)).toEqual([]);
    await database.query(`update pgboss.job set state = 'retry', start_after = now() where id = $1`, [id]);
    await until('the effect', async () => ((await effectsOf(service)).length > 0 ? true : undefined));
    expect(await effectsOf(service)).toEqual([3]);
    expect(await jobs.progress(job, id)).toEqual({ state: 'completed' });
  });

  test('aborts a job when the process drains, and the job runs again', async () => {
    const attempts: number[] = [];
    let aborted = false;
    const job = defineJob({ name: 'long', data, retry: { delayS: 1 } });
    const service = await startService([
      [
        job,
        async (_data, { attempt, signal }) => {
          attempts.push(attempt);
          await sleep(60_000, undefined, { signal }).finally(() => (aborted = signal.aborted));
        },
      ],
    ]);
    const { jobs } = service.resources;
    const id = await jobs.enqueue(job, { n: 1 });
    await until('the first attempt', () => (attempts.length > 0 ? true : undefined));
    void service.lifecycle.stop({ reason: 'test', exitCode: 0, keepListening: false });
    await until('the interruption', () => service.logged.find(({ event }) => event === 'job-interrupted'));
    expect(aborted).toBe(true);
    const progress = await jobs.progress(job, id);
    expect(progress).toMatchObject({ state: 'retry' });
    expect(progress?.nextAttemptAt).toBeInstanceOf(Date);
    await service[Symbol.asyncDispose]();
    expect(attempts).toEqual([1]); // a process that drains takes no job
  });
});
