import type { Response } from 'express';
import { z } from 'zod';
import type { Queries } from '../database/database.ts';
import { databaseProblems } from '../database/problems.ts';
import { changedSince, requireMatch } from '../http/preconditions.ts';
import { Problem } from '../http/problem.ts';
import type { Feature } from '../routes/feature.ts';
import { defineRoute, type Access, type Caller } from '../routes/route.ts';
import { cursorOf, toCursor } from '../shared/cursor.ts';
import { idempotencyKey } from '../shared/idempotency-key.ts';
import { deliveryList } from './delivery.ts';
import { changedTask, createTask, etagOf, newTask, task, taskId, taskPage, type Task } from './task.ts';
import type { TaskStore } from './task-store.ts';
import type { Webhooks } from './webhooks.ts';

const BASE = '/tasks';
const MAX_PAGE = 100;

const params = z.strictObject({ id: taskId });
const ifMatch = z.object({
  'if-match': z.string().max(1_000).optional().describe('The last ETag received, or *. Required.'),
});
const etagHeader = { ETag: 'The version of the task, to be sent as If-Match.' };

interface TasksOptions {
  readonly store: TaskStore;
  /** Undefined if none are sent. */
  readonly webhooks?: Webhooks;
  /** Who may read, and who may change: each caller their own tasks. */
  readonly reads: Access;
  readonly writes: Access;
}

/** The example feature: create, read, list, update and delete. */
export function createTasks({ store, webhooks, reads, writes }: TasksOptions): Feature {
  /** Another caller's task is not found: a 403 would say that there is one. */
  async function find(id: string, caller: Caller | undefined, signal: AbortSignal): Promise<Task> {
    const found = await store.find(id, ownerOf(caller), { signal });
    if (found === undefined) throw new Problem('not-found', { detail: `There is no task ${id}.` });
    return found;
  }

  const create = defineRoute({
    guard: writes,
    method: 'post',
    path: '',
    title: 'Create a task',
    summary: 'Creates a task. A retry with the same Idempotency-Key creates no second one.',
    requestHeaders: z.object({ 'idempotency-key': idempotencyKey }),
    body: newTask,
    success: 201,
    response: task,
    responseHeaders: {
      ...etagHeader,
      Location: 'The URL of the task.',
      'Idempotency-Replayed': 'true if an earlier request with the same key created the task.',
    },
    problems: ['unprocessable-content'],
    examples: [
      { title: 'Create', body: { title: 'Write the first test' }, status: 201 },
      {
        title: 'Create, safe to retry',
        headers: { 'Idempotency-Key': 'a-key-of-your-own' },
        body: { title: 'Buy milk' },
        status: 201,
      },
    ],
    // Without a signal: the client may disconnect and retry, and a task is either created or not.
    async handler({ body, headers, caller, res }) {
      const key = headers['idempotency-key'];
      const owned = { task: createTask(body), owner: ownerOf(caller) };
      if (key === undefined) {
        await store.insert(owned);
        return withLocation(res, owned.task);
      }
      const first = await store.insertOnce(owned, { key, request: body });
      if (first.replayed) res.set('Idempotency-Replayed', 'true');
      return withLocation(res, first.task);
    },
  });

  const list = defineRoute({
    method: 'get',
    path: '',
    title: 'List tasks',
    summary: 'Lists tasks page by page, oldest first.',
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(20).describe('Tasks per page.'),
      cursor: cursorOf(taskId).optional().describe('The value of `next` on the previous page.'),
    }),
    response: taskPage,
    responseHeaders: { Link: 'The next page as rel="next", if there is one.' },
    examples: [{ title: 'The first page', query: { limit: 10 } }],
    async handler({ query, caller, res, signal }) {
      // One more than requested tells whether there is a next page.
      const slice = { owner: ownerOf(caller), after: query.cursor, limit: query.limit + 1 };
      const found = await store.list(slice, { signal });
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
    title: 'Read a task',
    summary: 'Returns a task; with If-None-Match only if it has changed.',
    params,
    response: task,
    responseHeaders: etagHeader,
    problems: ['not-found', 'precondition-failed'],
    examples: [{ title: 'Read the task just created', createdBy: create }],
    handler: async ({ params: { id }, caller, res, signal }) => withETag(res, await find(id, caller, signal)),
  });

  const update = defineRoute({
    guard: writes,
    method: 'put',
    path: '/:id',
    title: 'Replace a task',
    summary: 'Replaces a task if it has not changed since it was read; completing it sends a webhook.',
    params,
    requestHeaders: ifMatch,
    body: changedTask,
    response: task,
    responseHeaders: etagHeader,
    problems: ['not-found', 'precondition-failed', 'precondition-required'],
    examples: [
      {
        title: 'Replace the task just created',
        createdBy: create,
        headers: { 'If-Match': '"1"' },
        body: { title: 'Write the first test', done: true },
      },
    ],
    async handler({ params: { id }, body, caller, req, res, signal }) {
      const seen = await find(id, caller, signal);
      requireMatch(req, { etag: etagOf(seen) });
      const changed = { ...seen, ...body, version: seen.version + 1, updatedAt: new Date().toISOString() };
      const isCompleted = changed.done && !seen.done;
      const announce =
        webhooks !== undefined && isCompleted
          ? (transaction: Queries) => webhooks.announce(changed, transaction)
          : undefined;
      if (!(await store.replace(changed, seen.version, announce))) throw changedSince();
      return withETag(res, changed);
    },
  });

  const remove = defineRoute({
    guard: writes,
    method: 'delete',
    path: '/:id',
    title: 'Delete a task',
    summary: 'Deletes a task if it has not changed since it was read.',
    params,
    requestHeaders: ifMatch,
    success: 204,
    response: z.void(),
    problems: ['not-found', 'precondition-failed', 'precondition-required'],
    examples: [
      {
        title: 'Delete the task just created',
        createdBy: create,
        headers: { 'If-Match': '"1"' },
        status: 204,
      },
    ],
    async handler({ params: { id }, caller, req, signal }) {
      const seen = await find(id, caller, signal);
      requireMatch(req, { etag: etagOf(seen) });
      if (!(await store.remove(id, seen.version))) throw changedSince();
    },
  });

  const deliveries = defineRoute({
    method: 'get',
    path: '/:id/deliveries',
    title: 'List the webhooks of a task',
    summary: 'Shows how far the webhooks are that report the completion of a task, the latest first.',
    params,
    response: deliveryList,
    problems: ['not-found'],
    examples: [{ title: 'Those of the task just created', createdBy: create }],
    async handler({ params: { id }, caller, signal }) {
      await find(id, caller, signal);
      return { items: (await webhooks?.list(id, { signal })) ?? [] };
    },
  });

  return {
    id: 'tasks',
    base: BASE,
    title: 'Tasks',
    summary: 'The example feature: create, read, list, update and delete, in PostgreSQL.',
    problems: databaseProblems,
    guard: reads,
    routes: [create, list, read, update, remove, deliveries],
  };
}

function ownerOf(caller: Caller | undefined): string {
  return caller?.id ?? '';
}

function withLocation(res: Response, created: Task): Task {
  res.location(`${BASE}/${created.id}`);
  return withETag(res, created);
}

/** Sets the entity tag of a task that is sent as the response. */
function withETag(res: Response, shown: Task): Task {
  res.set('ETag', etagOf(shown));
  return shown;
}
