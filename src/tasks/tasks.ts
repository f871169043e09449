import type { Response } from 'express';
import { z } from 'zod';
import { defineRoute, type Feature } from '../http/feature.ts';
import { Problem } from '../http/problem.ts';
import { cursor, toCursor } from './cursor.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import { changedMeanwhile, requireMatch } from './if-match.ts';
import { changedTask, createTask, etagOf, newTask, task, taskId, taskPage, type Task } from './task.ts';
import { TaskIds } from './task-id.ts';
import type { TaskRepository } from './task-repository.ts';

interface TasksOptions {
  readonly repository: TaskRepository;
  readonly keys: IdempotencyKeys<Task>;
}

const BASE = '/tasks';
const MAX_PAGE = 100;

const params = z.strictObject({ id: taskId });
const ifMatch = z.object({
  'if-match': z.string().max(1_000).optional().describe('The ETag that was seen, or *; required.'),
});
const etagHeader = { ETag: 'The version of this task, to be sent as If-Match.' };
/** An id that is valid and belongs to no task: what these examples show does not depend on what is there. */
const nobody = { id: '01890a5d-ac96-774b-bcce-b302099a8057' };

/** The example feature: how create, read, list, update and delete are done here. */
export function createTasks({ repository, keys }: TasksOptions): Feature {
  const ids = new TaskIds();

  async function insert(given: z.output<typeof newTask>): Promise<Task> {
    const created = createTask(ids.next(), given);
    await repository.insert(created);
    return created;
  }

  async function find(id: string): Promise<Task> {
    const found = await repository.find(id);
    if (found !== undefined) return found;
    // Said as it is: with several workers each has a memory of its own, until the repository is a database.
    throw new Problem('not-found', { detail: `The worker that answers has no task ${id}.` });
  }

  const create = defineRoute({
    method: 'post',
    path: '',
    summary: 'Creates a task.',
    requestHeaders: z.object({
      'idempotency-key': z
        .string()
        .regex(/^[\x21-\x7e]{1,255}$/, { error: 'must be 1 to 255 visible ASCII characters' })
        .optional()
        .describe('Sent again with the same body, the same task is answered and no other is made.'),
    }),
    body: newTask,
    success: 201,
    response: task,
    responseHeaders: {
      ...etagHeader,
      Location: 'Where the task is.',
      'Idempotency-Replayed': 'true where the task had been created before, with the same key.',
    },
    problems: ['unprocessable-content', 'busy'],
    examples: [
      { title: 'A task', body: { title: 'Write the first test' }, status: 201 },
      {
        title: 'Safe to send again',
        headers: { 'Idempotency-Key': 'a-key-of-your-own' },
        body: { title: 'Buy milk' },
        status: 201,
      },
    ],
    async handler({ body, headers, res }) {
      const key = headers['idempotency-key'];
      const { result, replayed } =
        key === undefined
          ? { result: await insert(body), replayed: false }
          : await keys.once(key, body, () => insert(body));
      if (replayed) res.set('Idempotency-Replayed', 'true');
      res.location(`${BASE}/${result.id}`);
      return show(res, result);
    },
  });

  const list = defineRoute({
    method: 'get',
    path: '',
    summary: 'Lists tasks, the oldest first, page by page.',
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(20).describe('Tasks on a page.'),
      cursor: cursor.optional().describe('The value of `next` of the page before.'),
    }),
    response: taskPage,
    responseHeaders: { Link: 'The next page as rel="next", where there is one.' },
    examples: [{ title: 'The first page', query: { limit: 10 } }],
    async handler({ query, res }) {
      // One more than asked for tells whether there is a next page.
      const found = await repository.list({ after: query.cursor, limit: query.limit + 1 });
      const items = found.slice(0, query.limit);
      const last = items.at(-1);
      if (found.length === items.length || last === undefined) return { items };
      const next = toCursor(last.id);
      res.links({ next: `${BASE}?limit=${query.limit}&cursor=${next}` });
      return { items, next };
    },
  });

  const read = defineRoute({
    method: 'get',
    path: '/:id',
    summary: 'Reads a task; with If-None-Match only if it has changed.',
    params,
    response: task,
    responseHeaders: etagHeader,
    problems: ['not-found'],
    examples: [{ title: 'An id that no task has', params: nobody, status: 404 }],
    handler: async ({ params: { id }, res }) => show(res, await find(id)),
  });

  const update = defineRoute({
    method: 'put',
    path: '/:id',
    summary: 'Replaces a task, if it is still the one that was seen.',
    params,
    requestHeaders: ifMatch,
    body: changedTask,
    response: task,
    responseHeaders: etagHeader,
    problems: ['not-found', 'precondition-failed', 'precondition-required'],
    examples: [
      {
        title: 'An id that no task has',
        params: nobody,
        headers: { 'If-Match': '"1"' },
        body: { title: 'Write the first test', done: true },
        status: 404,
      },
    ],
    async handler({ params: { id }, headers, body, res }) {
      const seen = await find(id);
      requireMatch(headers['if-match'], etagOf(seen));
      const changed = { ...seen, ...body, version: seen.version + 1, updatedAt: new Date().toISOString() };
      if (!(await repository.replace(changed, seen.version))) throw changedMeanwhile();
      return show(res, changed);
    },
  });

  const remove = defineRoute({
    method: 'delete',
    path: '/:id',
    summary: 'Deletes a task, if it is still the one that was seen.',
    params,
    requestHeaders: ifMatch,
    success: 204,
    response: z.void(),
    problems: ['not-found', 'precondition-failed', 'precondition-required'],
    examples: [
      { title: 'An id that no task has', params: nobody, headers: { 'If-Match': '"1"' }, status: 404 },
    ],
    async handler({ params: { id }, headers }) {
      const seen = await find(id);
      requireMatch(headers['if-match'], etagOf(seen));
      if (!(await repository.remove(id, seen.version))) throw changedMeanwhile();
    },
  });

  return {
    id: 'tasks',
    base: BASE,
    title: 'Tasks',
    summary: 'The example feature: create, read, list, update and delete, kept in the memory of each worker.',
    routes: [create, list, read, update, remove],
  };
}

/** A task as an answer, with the tag of its version. */
function show(res: Response, shown: Task): Task {
  res.set('ETag', etagOf(shown));
  return shown;
}
