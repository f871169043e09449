/** The routes of `src/tasks` that the benchmark calls, for Fastify: the same statements, named, the same pool and jobs. */
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { z } from 'zod';
import { createBoss, queueOptions, workOptions } from '../../../src/jobs/boss.ts';
import { defineJob } from '../../../src/jobs/job.ts';

interface Row {
  readonly id: string;
  readonly title: string;
  readonly done: boolean;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const COLUMNS = 'id, title, done, version, created_at, updated_at';

const bodySchema = {
  type: 'object',
  required: ['title'],
  additionalProperties: false,
  properties: { title: { type: 'string', minLength: 1, maxLength: 200 }, done: { type: 'boolean' } },
};
const taskSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    title: { type: 'string' },
    done: { type: 'boolean' },
    version: { type: 'integer' },
    createdAt: { type: 'string' },
    updatedAt: { type: 'string' },
  },
};
const paramsSchema = { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } };

const job = defineJob({ name: 'fastify-job', data: z.strictObject({}), schedule: { cron: '0 * * * *' } });

async function startJobs(url: string): Promise<void> {
  const boss = createBoss({
    url,
    name: 'fastify',
    log: pino({ level: 'silent' }),
    runs: true,
    migrate: true,
  });
  await boss.start();
  await boss.createQueue(job.name, queueOptions(job));
  await boss.schedule(job.name, '0 * * * *', {});
  await boss.work(job.name, workOptions(job), async () => []);
}

export async function addTasks(app: FastifyInstance, connectionString: string): Promise<void> {
  await startJobs(connectionString);
  const pool = new pg.Pool({ connectionString, max: 5, statement_timeout: 5_000, query_timeout: 6_000 });
  app.get<{ Params: { id: string } }>(
    '/tasks/:id',
    { schema: { params: paramsSchema, response: { 200: taskSchema } } },
    async (request, reply) => {
      const { rows } = await pool.query<Row>({
        name: 'find-task',
        text: `select ${COLUMNS} from tasks where id = $1`,
        values: [request.params.id],
      });
      const [row] = rows;
      if (row === undefined) return reply.code(404).send({ error: 'not found' });
      reply.header('ETag', `"${row.version}"`);
      const { id, title, done, version, created_at, updated_at } = row;
      return {
        id,
        title,
        done,
        version,
        createdAt: created_at.toISOString(),
        updatedAt: updated_at.toISOString(),
      };
    },
  );
  app.post<{ Body: { title: string; done?: boolean } }>(
    '/tasks',
    { schema: { body: bodySchema, response: { 201: taskSchema } } },
    async (request, reply) => {
      const now = new Date().toISOString();
      const { title, done = false } = request.body;
      const task = { id: v7(), title, done, version: 1, createdAt: now, updatedAt: now };
      await pool.query({
        name: 'insert-task',
        text: `insert into tasks (${COLUMNS}) values ($1, $2, $3, $4, $5, $6)`,
        values: Object.values(task),
      });
      reply.code(201).header('ETag', '"1"').header('Location', `/tasks/${task.id}`);
      return task;
    },
  );
}
