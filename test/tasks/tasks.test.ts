import { describe, expect, test } from '@jest/globals';
import { createTask as createNewTask, type Task } from '../../src/tasks/task.ts';
import { TaskStore } from '../../src/tasks/task-store.ts';
import { useTestApp } from '../support/use-test-app.ts';

const unknownId = '01890a5d-ac96-774b-bcce-b302099a8057';

const service = await useTestApp({ sets: [{ load: () => import('../../src/tasks/create.ts') }] });

async function createTask(title = 'Buy milk'): Promise<Task> {
  const response = await service.client.post('/tasks').send({ title }).expect(201);
  return response.body as Task;
}

describe('creating a task', () => {
  test('responds with 201, the stored task, its location and its ETag', async () => {
    const created = await service.client.post('/tasks').send({ title: '  Buy milk ' });
    const body = created.body as Task;
    expect(created.status).toBe(201);
    expect(body).toMatchObject({ title: '  Buy milk ', done: false, version: 1 });
    expect(created.headers['location']).toBe(`/tasks/${body.id}`);
    expect(created.headers['etag']).toBe('"1"');

    const read = await service.client.get(String(created.headers['location'])).expect(200);
    expect(read.body).toEqual(body);
    expect(read.headers['etag']).toBe('"1"');
  });

  test.each([
    ['no title', {}, ['title']],
    ['an empty title', { title: '' }, ['title']],
    ['a title that is too long', { title: 'x'.repeat(201) }, ['title']],
    ['a title with a line feed', { title: 'Buy\nmilk' }, ['title']],
    ['a title with a line separator', { title: 'Buy\u2028milk' }, ['title']],
    ['a title with a paragraph separator', { title: 'Buy\u2029milk' }, ['title']],
    ['a title with half a character', { title: 'Buy \ud83e' }, ['title']],
    ['wrong types and an unknown field', { title: 1, done: 'no', color: 'red' }, ['title', 'done', 'color']],
  ])('rejects %s with 400 and names every invalid field', async (_what, body, names) => {
    const rejected = await service.client.post('/tasks').send(body).expect(400);
    expect(rejected.headers['content-type']).toBe('application/problem+json');
    const { code, errors } = rejected.body as { code: string; errors: { in: string; name: string }[] };
    expect(code).toBe('invalid-input');
    expect(errors.map(({ name }) => name)).toEqual(names);
  });
});

describe('an idempotency key', () => {
  const post = (key: string, title: string) =>
    service.client.post('/tasks').set('Idempotency-Key', key).send({ title });

  test('makes a retry return the same task', async () => {
    const first = await post('retried', 'Once').expect(201);
    const second = await post('retried', 'Once').expect(201);
    expect(second.body).toEqual(first.body);
    expect(second.headers['location']).toBe(first.headers['location']);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  test('makes concurrent requests create one task', async () => {
    const responses = await Promise.all(Array.from({ length: 5 }, () => post('concurrent', 'Once')));
    expect(responses.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(responses.map(({ body }) => (body as Task).id)).size).toBe(1);
  });

  test('is rejected with 422 when it is used again for another body', async () => {
    await post('other', 'This').expect(201);
    const rejected = await post('other', 'That').expect(422);
    expect(rejected.body).toMatchObject({ code: 'unprocessable-content' });
  });

  test('that has expired may be used again for another body', async () => {
    await post('expired', 'This').expect(201);
    await service.resources.database.query(
      `update idempotency_keys set created_at = now() - interval '25 hours' where key = 'expired'`,
    );
    const second = await post('expired', 'That').expect(201);
    expect(second.headers['idempotency-replayed']).toBeUndefined();
    const retried = await post('expired', 'That').expect(201);
    expect(retried.body).toEqual(second.body);
  });

  test('is not stored if the task cannot be', async () => {
    const { database } = service.resources;
    const { rows } = await database.query<{ id: string }>('select id from tasks limit 1');
    const store = new TaskStore(database);
    const duplicate = { ...createNewTask({ title: 'x', done: false }), id: rows[0]?.id ?? '' };
    const once = store.insertOnce(
      { task: duplicate, owner: '' },
      { key: 'neither', request: { title: 'x', done: false } },
    );
    await expect(once).rejects.toThrow('duplicate key');
    const { rowCount } = await database.query(`select from idempotency_keys where key = 'neither'`);
    expect(rowCount).toBe(0);
  });

  test.each([
    ['has a space', 'a b'],
    ['is too long', 'x'.repeat(256)],
  ])('that %s is rejected with 400', async (_what, key) => {
    const rejected = await post(key, 'This').expect(400);
    expect(rejected.body).toMatchObject({ errors: [{ in: 'headers', name: 'idempotency-key' }] });
  });
});

describe('replacing a task', () => {
  const put = (id: string, etag?: string, body: object = { title: 'Changed', done: true }) => {
    const request = service.client.put(`/tasks/${id}`);
    return (etag === undefined ? request : request.set('If-Match', etag)).send(body);
  };

  test('with the current ETag stores the task and returns a new ETag', async () => {
    const { id, createdAt } = await createTask();
    const changed = await put(id, '"1"').expect(200);
    expect(changed.headers['etag']).toBe('"2"');
    expect(changed.body).toMatchObject({ id, title: 'Changed', done: true, version: 2, createdAt });
    expect((await service.client.get(`/tasks/${id}`)).body).toEqual(changed.body);
  });

  test('succeeds for one of two concurrent requests and rejects the other with 412', async () => {
    const { id } = await createTask();
    const statuses = (await Promise.all([put(id, '"1"'), put(id, '"1"')])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 412]);
  });

  test.each([
    ['no ETag', undefined, 428, 'precondition-required'],
    ['an outdated ETag', '"7"', 412, 'precondition-failed'],
    ['a weak ETag', 'W/"1"', 412, 'precondition-failed'],
  ])('with %s changes nothing', async (_what, etag, status, code) => {
    const before = await createTask();
    const rejected = await put(before.id, etag).expect(status);
    expect(rejected.body).toMatchObject({ code });
    expect((await service.client.get(`/tasks/${before.id}`)).body).toEqual(before);
  });

  test.each(['"7", "1"', '*'])('accepts If-Match: %s', async (etag) => {
    const { id } = await createTask();
    await put(id, etag).expect(200);
  });

  test('rejects a body without every field with 400', async () => {
    const { id } = await createTask();
    await put(id, '"1"', { done: true }).expect(400);
  });
});

describe('deleting a task', () => {
  test('responds with 204, without a body; the task is then not found', async () => {
    const { id } = await createTask();
    const deleted = await service.client.delete(`/tasks/${id}`).set('If-Match', '"1"').expect(204);
    expect(deleted.text).toBe('');
    expect(deleted.headers['content-type']).toBeUndefined();
    await service.client.get(`/tasks/${id}`).expect(404);
  });

  test.each([
    ['no ETag', {}, 428],
    ['an outdated ETag', { 'If-Match': '"7"' }, 412],
  ])('with %s keeps the task', async (_what, headers, status) => {
    const { id } = await createTask();
    await service.client.delete(`/tasks/${id}`).set(headers).expect(status);
    await service.client.get(`/tasks/${id}`).expect(200);
  });
});

describe('a task', () => {
  test.each(['get', 'put', 'delete'] as const)('that does not exist is a 404 for %s', async (method) => {
    const request = service.client[method](`/tasks/${unknownId}`).set('If-Match', '"1"');
    const response = await (method === 'put' ? request.send({ title: 'x', done: true }) : request);
    expect(response.status).toBe(404);
    expect(response.body).toMatchObject({ code: 'not-found', instance: `/tasks/${unknownId}` });
  });

  test('is also found by its id in upper case', async () => {
    const created = await createTask();
    const read = await service.client.get(`/tasks/${created.id.toUpperCase()}`).expect(200);
    expect(read.body).toEqual(created);
  });

  test('with a malformed id is a 400', async () => {
    const rejected = await service.client.get('/tasks/1').expect(400);
    expect(rejected.body).toMatchObject({ errors: [{ in: 'path', name: 'id' }] });
  });

  test('is a 304 without a body if the client has the current version', async () => {
    const { id } = await createTask();
    const unchanged = await service.client.get(`/tasks/${id}`).set('If-None-Match', '"1"').expect(304);
    expect(unchanged.text).toBe('');
    await service.client.get(`/tasks/${id}`).set('If-None-Match', '"0"').expect(200);
  });
});

test('OpenAPI lists the statuses, headers and parameters of the task routes', async () => {
  const { paths } = (await service.client.get('/openapi.json')).body as {
    paths: Record<string, Record<string, { parameters: { name: string; in: string }[]; responses: object }>>;
  };
  const { post, get } = paths['/tasks'] ?? {};
  const { get: read, put, delete: remove } = paths['/tasks/{id}'] ?? {};
  expect(Object.keys(post?.responses ?? {})).toEqual(['201', '422', '503', 'default']);
  expect(post?.responses).toHaveProperty('201.headers.Location');
  expect(post?.parameters).toEqual([expect.objectContaining({ name: 'idempotency-key', in: 'header' })]);
  expect(get?.parameters.map(({ name }) => name)).toEqual(['limit', 'cursor']);
  expect(Object.keys(read?.responses ?? {})).toEqual(['200', '304', '404', '412', '503', 'default']);
  expect(read?.parameters.map(({ name }) => name)).toEqual(['id', 'If-None-Match']);
  expect(Object.keys(put?.responses ?? {})).toEqual(['200', '404', '412', '428', '503', 'default']);
  expect(remove?.responses).not.toHaveProperty('204.content');
});
