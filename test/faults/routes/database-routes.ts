/** Routes that use the database and the jobs of the service in unusual ways. */
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Queries } from '../../../src/database/database.ts';
import { databaseProblems } from '../../../src/database/problems.ts';
import { defineJob } from '../../../src/jobs/job.ts';
import type { Resources } from '../../../src/routes/resource.ts';
import { defineRoute, type Route } from '../../../src/routes/route.ts';

const examples = [{ title: 'Defaults' }] as const;
const json = { response: z.looseObject({}), problems: databaseProblems, examples } as const;
const number = z.coerce.number().int().min(0).max(600_000);

/** Notes its attempt, and then its effect, in tables of the fault; an attempt takes twice `HALF_MS`. */
const noted = defineJob({ name: 'noted', data: z.strictObject({ n: z.int() }) });
const HALF_MS = 100;

export async function createDatabaseRoutes({ database, jobs }: Resources): Promise<readonly Route[]> {
  await jobs.add(noted, async ({ n }, { complete }) => {
    await database.query('insert into attempts (n, pid) values ($1, $2)', [n, process.pid]);
    await sleep(HALF_MS);
    await complete(async (transaction) => {
      await transaction.query('insert into effects (n) values ($1)', [n]);
      await sleep(HALF_MS); // a kill is likely to interrupt the transaction
    });
  });
  return [
    defineRoute({
      method: 'post',
      path: '/jobs',
      title: 'Enqueue jobs',
      summary: 'Enqueues `count` jobs in one transaction; their numbers begin with `from`.',
      query: z.object({ from: number.default(0), count: number.default(10) }),
      ...json,
      async handler({ query: { from, count } }) {
        await database.transaction(async (transaction) => {
          for (let n = from; n < from + count; n += 1) await jobs.enqueue(noted, { n }, { transaction });
        });
        return {};
      },
    }),
    defineRoute({
      method: 'get',
      path: '/slow-query',
      title: 'Run a slow statement',
      summary: 'Runs a statement that takes n milliseconds.',
      query: z.object({ n: number.default(1_000) }),
      ...json,
      async handler({ query, signal }) {
        await database.query('select pg_sleep($1::float / 1000)', [query.n], { signal });
        return { waitedMs: query.n };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/two-tasks',
      title: 'Create two tasks in one transaction',
      summary: 'Waits n milliseconds between the two.',
      query: z.object({ title: z.string(), n: number.default(1_000) }),
      ...json,
      async handler({ query }) {
        await database.transaction(async (transaction) => {
          await insert(transaction, query.title);
          await sleep(query.n);
          await insert(transaction, query.title);
        });
        return {};
      },
    }),
    defineRoute({
      method: 'post',
      path: '/change-two',
      title: 'Change two tasks in one transaction',
      summary: 'Waits n milliseconds between the two and returns how often the transaction was run.',
      query: z.object({ first: z.uuid(), second: z.uuid(), n: number.default(300) }),
      ...json,
      examples: [{ title: 'Two', query: { first: randomUUID(), second: randomUUID() } }],
      async handler({ query: { first, second, n } }) {
        let runs = 0;
        await database.transaction(async (transaction) => {
          runs += 1;
          const change = (id: string) =>
            transaction.query('update tasks set version = version + 1 where id = $1', [id]);
          await change(first);
          await sleep(n);
          await change(second);
        });
        return { runs };
      },
    }),
  ];
}

async function insert(queries: Queries, title: string): Promise<void> {
  await queries.query('insert into tasks values ($1, $2, false, 1, now(), now())', [randomUUID(), title]);
}
