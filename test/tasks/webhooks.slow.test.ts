import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Task } from '../../src/tasks/task.ts';
import { createTestDatabase, query } from '../support/database.ts';
import { killWorkers } from '../support/kill-workers.ts';
import { Program } from '../support/program.ts';

const KILLS = 7;
const TASKS_PER_KILL = 30;
/** About as long as it takes to complete the tasks of one kill. */
const COMPLETING_MS = 60;

const counts = `
  select tasks.id, done,
    (select count(*)::integer from deliveries where task_id = tasks.id) as deliveries,
    (select count(*)::integer from pgboss.job
      where name = 'send-webhook' and data->'data'->'task'->>'id' = tasks.id::text) as jobs
  from tasks`;

test('a task that is completed has its webhook, whenever its worker is killed', async () => {
  await using database = await createTestDatabase();
  await using program = await Program.start({
    ...database.environment,
    JOBS: 'off',
    WEBHOOK_URL: 'http://127.0.0.1:9/',
    WEBHOOK_SECRET: 'a-secret-of-the-tests',
  });
  const send = (path: string, method: string, body: object) =>
    program.get(path, {
      method,
      headers: { 'content-type': 'application/json', 'if-match': '"1"', connection: 'close' },
      body: JSON.stringify(body),
    });

  const acknowledged: string[] = [];
  const completing: Promise<void>[] = [];
  await killWorkers(program, { kills: KILLS, workers: 2 }, async (kill) => {
    const [victim] = await program.readyWorkers(2);
    const created = Array.from({ length: TASKS_PER_KILL }, () => send('/tasks', 'POST', { title: 'Task' }));
    const responses = await Promise.all(created);
    const tasks = (await Promise.all(responses.map((response) => response.json()))) as Task[];
    for (const { id } of tasks) {
      const completed = send(`/tasks/${id}`, 'PUT', { title: 'Task', done: true });
      completing.push(
        completed.then(
          ({ status }) => {
            if (status === 200) acknowledged.push(id);
          },
          () => undefined, // the worker was killed
        ),
      );
    }
    await sleep(((kill + Math.random()) / KILLS) * COMPLETING_MS);
    return victim?.pid ?? 0;
  });
  await Promise.all(completing);

  const rows = await query<{ id: string; done: boolean; deliveries: number; jobs: number }>(database.url, [
    counts,
  ]);
  expect(rows).toHaveLength(KILLS * TASKS_PER_KILL);
  const broken = rows.filter(
    ({ done, deliveries, jobs }) => deliveries !== Number(done) || jobs !== Number(done),
  );
  expect(broken).toEqual([]);
  const done = rows.filter((row) => row.done).map(({ id }) => id);
  expect(done).toEqual(expect.arrayContaining(acknowledged));
  // Otherwise no kill has interrupted anything.
  expect(acknowledged.length).toBeLessThan(rows.length);
}, 300_000);
