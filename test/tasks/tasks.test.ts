import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import { createTasks } from '../../src/tasks/tasks.ts';
import { IdempotencyKeys } from '../../src/tasks/idempotency-keys.ts';
import { MemoryTasks } from '../../src/tasks/memory-tasks.ts';
import type { Task } from '../../src/tasks/task.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

const unknown = '01890a5d-ac96-774b-bcce-b302099a8057';

function startApp(repository = new MemoryTasks()): Promise<TestApp> {
  return createTestApp({ features: [createTasks({ repository, keys: new IdempotencyKeys() })] });
}

let service: TestApp;
beforeAll(async () => {
  service = await startApp();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function create(title = 'Buy milk', { client } = service): Promise<Task> {
  const response = await client.post('/tasks').send({ title }).expect(201);
  return response.body as Task;
}

describe('creating a task', () => {
  test('answers 201 with the task, its place and its tag; what is there is the same', async () => {
    const created = await service.client.post('/tasks').send({ title: '  Buy milk ' });
    const body = created.body as Task;
    expect(created.status).toBe(201);
    expect(body).toMatchObject({ title: 'Buy milk', done: false, version: 1 });
    expect(created.headers['location']).toBe(`/tasks/${body.id}`);
    expect(created.headers['etag']).toBe('"1"');

    const read = await service.client.get(String(created.headers['location'])).expect(200);
    expect(read.body).toEqual(body);
    expect(read.headers['etag']).toBe('"1"');
  });

  test.each([
    ['no title', {}, ['title']],
    ['an empty title', { title: ' ' }, ['title']],
    ['a title that is too long', { title: 'x'.repeat(201) }, ['title']],
    ['a title of two lines', { title: 'Buy\nmilk' }, ['title']],
    ['a title with half a character', { title: 'Buy \ud83e' }, ['title']],
    [
      'wrong types, and a field nobody knows',
      { title: 1, done: 'no', colour: 'red' },
      ['title', 'done', 'colour'],
    ],
  ])('refuses %s and names every fault', async (_what, body, names) => {
    const refused = await service.client.post('/tasks').send(body).expect(400);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    const { code, errors } = refused.body as { code: string; errors: { in: string; name: string }[] };
    expect(code).toBe('invalid-input');
    expect(errors.map(({ name }) => name)).toEqual(names);
  });

  test('says when no more can be kept, and takes one again when another is deleted', async () => {
    await using small = await startApp(new MemoryTasks(2));
    await create('one', small);
    const { id } = await create('two', small);
    const refused = await small.client.post('/tasks').send({ title: 'three' }).expect(503);
    expect(refused.body).toMatchObject({ code: 'busy' });
    expect(refused.headers['retry-after']).toBe('60');
    await small.client.delete(`/tasks/${id}`).set('If-Match', '*').expect(204);
    await create('three', small);
  });
});

describe('an idempotency key', () => {
  const post = (key: string, title: string) =>
    service.client.post('/tasks').set('Idempotency-Key', key).send({ title });

  test('sent again answers the same task and makes no other', async () => {
    const first = await post('again', 'Once').expect(201);
    const second = await post('again', 'Once').expect(201);
    expect(second.body).toEqual(first.body);
    expect(second.headers['location']).toBe(first.headers['location']);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  test('sent many times at once makes one task', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => post('at-once', 'Once')));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => (body as Task).id)).size).toBe(1);
  });

  test('used for something else is refused', async () => {
    await post('other', 'This').expect(201);
    const refused = await post('other', 'That').expect(422);
    expect(refused.body).toMatchObject({ code: 'unprocessable-content' });
  });

  test.each([
    ['has a space', 'a b'],
    ['is too long', 'x'.repeat(256)],
  ])('that %s is refused', async (_what, key) => {
    const refused = await post(key, 'This').expect(400);
    expect(refused.body).toMatchObject({ errors: [{ in: 'headers', name: 'idempotency-key' }] });
  });
});

describe('changing a task', () => {
  const put = (id: string, tag?: string, body: object = { title: 'Changed', done: true }) => {
    const request = service.client.put(`/tasks/${id}`);
    return (tag === undefined ? request : request.set('If-Match', tag)).send(body);
  };

  test('with the tag that was seen replaces it and gives it a new tag', async () => {
    const { id, createdAt } = await create();
    const changed = await put(id, '"1"').expect(200);
    expect(changed.headers['etag']).toBe('"2"');
    expect(changed.body).toMatchObject({ id, title: 'Changed', done: true, version: 2, createdAt });
    expect((await service.client.get(`/tasks/${id}`)).body).toEqual(changed.body);
  });

  test('of two at once lets one through and tells the other', async () => {
    const { id } = await create();
    const statuses = (await Promise.all([put(id, '"1"'), put(id, '"1"')])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 412]);
  });

  test.each([
    ['without a tag', undefined, 428, 'precondition-required'],
    ['with an old tag', '"7"', 412, 'precondition-failed'],
    ['with a weak tag, which proves nothing', 'W/"1"', 412, 'precondition-failed'],
  ])('%s is refused and changes nothing', async (_what, tag, status, code) => {
    const before = await create();
    const refused = await put(before.id, tag).expect(status);
    expect(refused.body).toMatchObject({ code });
    expect((await service.client.get(`/tasks/${before.id}`)).body).toEqual(before);
  });

  test.each(['"7", "1"', '*'])('takes If-Match: %s', async (tag) => {
    const { id } = await create();
    await put(id, tag).expect(200);
  });

  test('needs all of it: what is left out is not kept by accident', async () => {
    const { id } = await create();
    await put(id, '"1"', { done: true }).expect(400);
  });
});

describe('deleting a task', () => {
  test('answers 204 without a body, and then it is gone', async () => {
    const { id } = await create();
    const gone = await service.client.delete(`/tasks/${id}`).set('If-Match', '"1"').expect(204);
    expect(gone.text).toBe('');
    expect(gone.headers['content-type']).toBeUndefined();
    await service.client.get(`/tasks/${id}`).expect(404);
  });

  test.each([
    ['without a tag', {}, 428],
    ['with an old tag', { 'If-Match': '"7"' }, 412],
  ])('%s is refused, and it stays', async (_what, headers, status) => {
    const { id } = await create();
    await service.client.delete(`/tasks/${id}`).set(headers).expect(status);
    await service.client.get(`/tasks/${id}`).expect(200);
  });
});

describe('a task', () => {
  test.each(['get', 'put', 'delete'] as const)('that is not there is a problem for %s', async (method) => {
    const request = service.client[method](`/tasks/${unknown}`).set('If-Match', '"1"');
    const response = await (method === 'put' ? request.send({ title: 'x', done: true }) : request);
    expect(response.status).toBe(404);
    expect(response.body).toMatchObject({ code: 'not-found', instance: `/tasks/${unknown}` });
  });

  test('is found by its id in capital letters as well', async () => {
    const created = await create();
    const read = await service.client.get(`/tasks/${created.id.toUpperCase()}`).expect(200);
    expect(read.body).toEqual(created);
  });

  test('with an id that is none is bad input', async () => {
    const refused = await service.client.get('/tasks/1').expect(400);
    expect(refused.body).toMatchObject({ errors: [{ in: 'path', name: 'id' }] });
  });

  test('that a client has already is not sent again', async () => {
    const { id } = await create();
    const same = await service.client.get(`/tasks/${id}`).set('If-None-Match', '"1"').expect(304);
    expect(same.text).toBe('');
    await service.client.get(`/tasks/${id}`).set('If-None-Match', '"0"').expect(200);
  });
});

describe('the list', () => {
  interface Page {
    readonly items: Task[];
    readonly next?: string;
  }
  type Answer = Pick<Response, 'body'> & { readonly headers: Readonly<Record<string, string>> };

  test('gives every task once, in the order of creation, though some come and go between two pages', async () => {
    await using own = await startApp();
    const titles = ['a', 'b', 'c', 'd', 'e'];
    const made: Task[] = [];
    for (const title of titles) made.push(await create(title, own));

    const first = (await own.client.get('/tasks?limit=2').expect(200)).body as Page;
    expect(first.items).toEqual(made.slice(0, 2));
    await own.client.delete(`/tasks/${made[1]?.id}`).set('If-Match', '*').expect(204);
    await create('f', own);

    const seen = first.items.map(({ title }) => title);
    let path: string | undefined = `/tasks?limit=2&cursor=${first.next}`;
    while (path !== undefined) {
      const response: Answer = await own.client.get(path).expect(200);
      seen.push(...(response.body as Page).items.map(({ title }) => title));
      path = /<([^>]+)>; rel="next"/.exec(response.headers['link'] ?? '')?.[1];
    }
    expect(seen).toEqual([...titles, 'f']);
  });

  test('is empty where there is nothing, and its last page names no next one', async () => {
    await using own = await startApp();
    expect((await own.client.get('/tasks')).body).toEqual({ items: [] });
    await create('one', own);
    const only = await own.client.get('/tasks?limit=1').expect(200);
    expect(only.body).not.toHaveProperty('next');
    expect(only.headers['link']).toBeUndefined();
  });

  test('refuses a cursor with something behind it', async () => {
    await using own = await startApp();
    await create('one', own);
    await create('two', own);
    const { next } = (await own.client.get('/tasks?limit=1').expect(200)).body as Page;
    await own.client.get(`/tasks?cursor=${next}`).expect(200);
    await own.client.get(`/tasks?cursor=${next}!!`).expect(400);
  });

  test('refuses a title of several lines', async () => {
    for (const title of ['a\nb', 'a\u2028b', 'a\u2029b']) {
      await service.client.post('/tasks').send({ title }).expect(400);
    }
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=nonsense', `cursor=${'A'.repeat(500)}`, 'page=2'])(
    'refuses %s',
    async (query) => {
      const refused = await service.client.get(`/tasks?${query}`).expect(400);
      expect(refused.body).toMatchObject({ code: 'invalid-input', errors: [{ in: 'query' }] });
    },
  );
});

describe('OpenAPI', () => {
  test('says what the routes do: statuses, headers and problems', async () => {
    const { paths } = (await service.client.get('/openapi.json')).body as {
      paths: Record<
        string,
        Record<string, { parameters: { name: string; in: string }[]; responses: object }>
      >;
    };
    const { post, get } = paths['/tasks'] ?? {};
    const { get: read, put, delete: remove } = paths['/tasks/{id}'] ?? {};
    expect(Object.keys(post?.responses ?? {})).toEqual(['201', '422', '503', 'default']);
    expect(post?.responses).toHaveProperty('201.headers.Location');
    expect(post?.parameters).toEqual([expect.objectContaining({ name: 'idempotency-key', in: 'header' })]);
    expect(get?.parameters.map(({ name }) => name)).toEqual(['limit', 'cursor']);
    expect(Object.keys(read?.responses ?? {})).toEqual(['200', '304', '404', 'default']);
    expect(read?.parameters.map(({ name }) => name)).toEqual(['id', 'If-None-Match']);
    expect(Object.keys(put?.responses ?? {})).toEqual(['200', '404', '412', '428', 'default']);
    expect(remove?.responses).not.toHaveProperty('204.content');
  });
});
