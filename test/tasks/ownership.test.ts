import { afterAll, describe, expect, test } from '@jest/globals';
import { LocalIssuer } from '../../src/identity/local-issuer.ts';
import type { Task } from '../../src/tasks/task.ts';
import { variables } from '../../src/tasks/variables.ts';
import { useTestApp } from '../support/use-test-app.ts';

const issuer = await LocalIssuer.start();
afterAll(() => issuer[Symbol.asyncDispose]());
const aud = 'the-service';
const service = await useTestApp({
  env: { AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: aud, JOBS: 'off' },
  sets: [{ variables, load: () => import('../../src/tasks/create.ts') }],
});
const { client } = service;

const tokenOf = (sub: string, scope = 'tasks:read tasks:write') => issuer.sign({ sub, aud, scope });
const as = async (sub: string, scope?: string) => ({ Authorization: `Bearer ${await tokenOf(sub, scope)}` });
const create = async (sub: string, title = 'Buy milk') =>
  (
    await client
      .post('/tasks')
      .set(await as(sub))
      .send({ title })
      .expect(201)
  ).body as Task;

describe('a task', () => {
  test('is found by the caller who created it only', async () => {
    const { id } = await create('ada');
    await client
      .get(`/tasks/${id}`)
      .set(await as('ada'))
      .expect(200);
    const grace = await as('grace');
    const unknown = await client.get('/tasks/018f0000-0000-7000-8000-000000000000').set(grace).expect(404);
    const ifMatch = { ...grace, 'If-Match': '*' };
    for (const response of [
      await client.get(`/tasks/${id}`).set(grace),
      await client.get(`/tasks/${id}/deliveries`).set(grace),
      await client.put(`/tasks/${id}`).set(ifMatch).send({ title: 'Mine', done: true }),
      await client.delete(`/tasks/${id}`).set(ifMatch),
    ]) {
      // As if there was none.
      expect({ ...response.body, detail: undefined, instance: undefined, requestId: undefined }).toEqual({
        ...unknown.body,
        detail: undefined,
        instance: undefined,
        requestId: undefined,
      });
    }
    const response = await client
      .get(`/tasks/${id}`)
      .set(await as('ada'))
      .expect(200);
    expect(response.body).toMatchObject({ title: 'Buy milk', version: 1 });
  });

  test('is listed for the caller who created it only', async () => {
    const mine = [await create('list-1'), await create('list-1')];
    await create('list-2');
    const response = await client
      .get('/tasks')
      .set(await as('list-1'))
      .expect(200);
    expect((response.body as { items: Task[] }).items.map(({ id }) => id)).toEqual(mine.map(({ id }) => id));
  });

  test('is created once per caller and key', async () => {
    const post = async (sub: string) =>
      (
        await client
          .post('/tasks')
          .set({ ...(await as(sub)), 'Idempotency-Key': 'the-same' })
          .send({ title: sub })
          .expect(201)
      ).body as Task;
    const first = await post('key-1');
    expect((await post('key-2')).title).toBe('key-2');
    expect(await post('key-1')).toEqual(first);
  });
});

describe('a caller', () => {
  test('without a token may neither read nor change', async () => {
    await client.get('/tasks').expect(401).expect('WWW-Authenticate', 'Bearer');
    await client.post('/tasks').send({ title: 'x' }).expect(401);
  });

  test('may do what the scopes of the token say', async () => {
    await client
      .get('/tasks')
      .set(await as('reader', 'tasks:read'))
      .expect(200);
    await client
      .post('/tasks')
      .set(await as('reader', 'tasks:read'))
      .send({ title: 'x' })
      .expect(403);
    await client
      .get('/tasks')
      .set(await as('writer', 'tasks:write'))
      .expect(403);
  });

  test('may use an API key of the same owner', async () => {
    const { id } = await create('programmer');
    const { key, stored } = (await service.resources.accounts.keys?.create({
      owner: 'programmer',
      name: 'a script',
      scopes: ['tasks:read'],
      days: 1,
    })) ?? { key: '', stored: undefined };
    const withKey = () => client.get(`/tasks/${id}`).auth(key, { type: 'bearer' });
    await withKey().expect(200);
    await client.post('/tasks').auth(key, { type: 'bearer' }).send({ title: 'x' }).expect(403);
    await service.resources.accounts.keys?.revoke(stored?.id ?? '', 'programmer');
    expect((await withKey().expect(401)).body).toMatchObject({ detail: 'The key has been revoked.' });
    await client
      .get('/tasks')
      .auth('neither', { type: 'bearer' })
      .expect(401)
      .expect('WWW-Authenticate', /The token is malformed/);
  });

  test('is named in the access log', async () => {
    const response = await client
      .get('/tasks')
      .set(await as('logged'))
      .expect(200);
    const line = service.logged.find(
      ({ event, requestId }) => event === 'request' && requestId === response.headers['x-request-id'],
    );
    expect(line).toMatchObject({ caller: 'logged' });
  });
});
