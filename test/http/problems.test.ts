import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute, type Feature } from '../../src/http/feature.ts';
import { catalogue, Problem } from '../../src/http/problem.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/program.ts';

const probe: Feature = {
  id: 'probe',
  base: '/probe',
  title: 'Probe',
  summary: 'For these tests.',
  routes: [
    defineRoute({
      method: 'post',
      path: '/things',
      summary: 'Reads a body.',
      body: z.strictObject({ name: z.string().min(1), size: z.number().int().max(10) }),
      response: z.looseObject({}),
      examples: [{ title: 'A thing', body: { name: 'a', size: 1 } }],
      handler: ({ body }) => ({ body, polluted: ({} as Record<string, unknown>)['polluted'] ?? null }),
    }),
    defineRoute({
      method: 'get',
      path: '/things/:id',
      summary: 'Reads a path and a query.',
      params: z.strictObject({ id: z.string().regex(/^\d+$/, { error: 'must be a number' }) }),
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(5).default(1) }),
      response: z.looseObject({}),
      examples: [{ title: 'A thing', params: { id: 1 } }],
      handler: ({ params, query }) => ({ params, query }),
    }),
    defineRoute({
      method: 'get',
      path: '/secret',
      summary: 'A programming error.',
      response: z.looseObject({}),
      examples: [{ title: 'Secret' }],
      handler: () => {
        throw new Error('the password is hunter2');
      },
    }),
    defineRoute({
      method: 'get',
      path: '/nothing-thrown',
      summary: 'Throws what is no error.',
      response: z.looseObject({}),
      examples: [{ title: 'Odd' }],
      handler: () => Promise.reject(undefined as unknown as Error),
    }),
    defineRoute({
      method: 'get',
      path: '/not-exposed',
      summary: 'Fails with a status and a message that is not for everybody.',
      response: z.object({}),
      examples: [{ title: 'Not exposed' }],
      handler: () => {
        const error = new Error('the password is hunter2');
        throw Object.assign(error, { status: 409, expose: false });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/conflict',
      summary: 'An operational error, after headers were set for another answer.',
      response: z.looseObject({}),
      examples: [{ title: 'Conflict' }],
      handler: ({ res }) => {
        res.set({ 'Content-Type': 'text/csv', ETag: '"x"', 'Cache-Control': 'public, max-age=60' });
        res.location('/elsewhere');
        throw new Problem('conflict', { detail: 'Somebody was first.', cause: new Error('hidden cause') });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/half',
      summary: 'Fails in the middle of an answer.',
      response: z.looseObject({}),
      examples: [{ title: 'Half' }],
      handler: ({ res }) => {
        res.set('Content-Type', 'text/plain').write('half of it');
        throw new Error('too late');
      },
    }),
  ],
};

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({
    features: [probe],
    env: { BODY_LIMIT_BYTES: '1000', URL_LIMIT_BYTES: '300' },
  });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const json = { 'Content-Type': 'application/json' };

describe('bad input becomes the right problem', () => {
  test.each([
    ['an unknown path', 'get', '/nowhere', {}, undefined, 404, 'not-found'],
    ['a wrong method', 'delete', '/probe/things', {}, undefined, 405, 'method-not-allowed'],
    ['malformed JSON', 'post', '/probe/things', json, '{"name":', 400, 'malformed-json'],
    ['JSON of the wrong type', 'post', '/probe/things', json, '[]', 400, 'invalid-input'],
    ['a bare value', 'post', '/probe/things', json, '1', 400, 'invalid-input'],
    ['no body', 'post', '/probe/things', json, '', 400, 'invalid-input'],
    [
      'a body over the limit',
      'post',
      '/probe/things',
      json,
      JSON.stringify({ name: 'x'.repeat(2_000) }),
      413,
      'body-too-large',
    ],
    [
      'a wrong content type',
      'post',
      '/probe/things',
      { 'Content-Type': 'text/plain' },
      'name=a',
      415,
      'unsupported-media-type',
    ],
    [
      'an unknown charset',
      'post',
      '/probe/things',
      { 'Content-Type': 'application/json; charset=x-none' },
      '{}',
      415,
      'unsupported-media-type',
    ],
    [
      'an unknown encoding',
      'post',
      '/probe/things',
      { ...json, 'Content-Encoding': 'x-none' },
      '{}',
      415,
      'unsupported-media-type',
    ],
    ['a parameter out of bounds', 'get', '/probe/things/1?limit=6', {}, undefined, 400, 'invalid-input'],
    [
      'a parameter of the wrong type',
      'get',
      '/probe/things/1?limit=many',
      {},
      undefined,
      400,
      'invalid-input',
    ],
    ['a repeated parameter', 'get', '/probe/things/1?limit=1&limit=2', {}, undefined, 400, 'invalid-input'],
    ['an unknown parameter', 'get', '/probe/things/1?limits=1', {}, undefined, 400, 'invalid-input'],
    ['a parameter where none is known', 'get', '/probe/secret?x=1', {}, undefined, 400, 'invalid-input'],
    ['a bad path parameter', 'get', '/probe/things/abc', {}, undefined, 400, 'invalid-input'],
    ['an over-long URL', 'get', `/probe/things/1?x=${'y'.repeat(300)}`, {}, undefined, 414, 'url-too-long'],
    ['broken percent-encoding', 'get', '/probe/things/%zz', {}, undefined, 400, 'malformed-url'],
    ['a NUL byte', 'get', '/probe/things/1%00', {}, undefined, 400, 'malformed-url'],
    [
      'an unsupported Accept',
      'get',
      '/probe/things/1',
      { Accept: 'image/png' },
      undefined,
      406,
      'not-acceptable',
    ],
  ] as const)('%s', async (_what, method, path, headers, body, status, code) => {
    const request = service.client[method](path).set(headers);
    const response = await (body === undefined ? request : request.send(body));
    expect(response.status).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.body).toMatchObject({ code, status, requestId: response.headers['x-request-id'] });
    expect(response.body).toHaveProperty('title');
    expect(response.text).not.toMatch(/\n\s+at |\.ts:/);
    await service.client.get('/livez').expect(200);
  });

  test('names every wrong field at once', async () => {
    const response = await service.client.post('/probe/things').send({ name: '', size: 11, colour: 'red' });
    const { errors } = response.body as { errors: { name: string }[] };
    expect(errors.map(({ name }) => name).sort()).toEqual(['colour', 'name', 'size']);
  });

  test('a repeated parameter is called that', async () => {
    const response = await service.client.get('/probe/things/1?limit=1&limit=2');
    expect(response.body).toMatchObject({
      errors: [{ in: 'query', name: 'limit', message: 'is given more than once' }],
    });
  });

  test('405 names what is allowed, and OPTIONS answers the same', async () => {
    const refused = await service.client.put('/probe/things/1');
    expect(refused.headers['allow']).toBe('GET, HEAD, OPTIONS');
    const options = await service.client.options('/probe/things/1').expect(204);
    expect(options.headers['allow']).toBe('GET, HEAD, OPTIONS');
  });

  test.each(['/', '/livez', '/readyz', '/problems', '/openapi.json'])('405 also at %s', async (path) => {
    const refused = await service.client.delete(path).expect(405);
    expect(refused.headers['allow']).toBe('GET, HEAD, OPTIONS');
  });

  test('__proto__ in a body is refused and changes nothing', async () => {
    const response = await service.client
      .post('/probe/things')
      .set(json)
      .send('{"name":"a","size":1,"__proto__":{"polluted":true}}');
    expect(response.status).toBe(400);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('errors of the service', () => {
  test('a programming error shows nothing but the request id, and the log has everything', async () => {
    const response = await service.client.get('/probe/secret').set('X-Request-Id', 'hidden-1').expect(500);
    expect(response.body).toEqual({
      type: '/problems#internal-error',
      title: catalogue['internal-error'].title,
      status: 500,
      code: 'internal-error',
      instance: '/probe/secret',
      requestId: 'hidden-1',
    });
    const logged = service.logged.find(
      (line) => line['requestId'] === 'hidden-1' && line['level'] === 'error',
    );
    expect(JSON.stringify(logged)).toContain('the password is hunter2');
    expect(JSON.stringify(logged)).toContain('problems.test.ts');
  });

  test('so does an error that names a status and is not to be shown', async () => {
    const { text } = await service.client.get('/probe/not-exposed').expect(500);
    expect(text).not.toContain('hunter2');
  });

  test('what is thrown without being an error is one all the same', async () => {
    await service.client.get('/probe/nothing-thrown').expect(500);
  });

  test('an operational error shows its detail, hides its cause, and carries no header of another answer', async () => {
    const response = await service.client.get('/probe/conflict').expect(409);
    expect(response.body).toMatchObject({ code: 'conflict', detail: 'Somebody was first.' });
    expect(response.text).not.toContain('hidden cause');
    expect(response.headers['etag']).toBeUndefined();
    expect(response.headers['location']).toBeUndefined();
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers['content-type']).toBe('application/problem+json');
  });

  test('an answer already begun is cut, never finished as if whole', async () => {
    const asked = service.client.get('/probe/half').set('X-Request-Id', 'half-1');
    await expect(asked).rejects.toThrow(/aborted|socket hang up|terminated/);
    const line = await until('its line', () =>
      service.logged.find(({ requestId, event }) => requestId === 'half-1' && event === 'request'),
    );
    expect(line).toMatchObject({ status: 200, cut: true });
  });

  test('every code is listed at /problems', async () => {
    const response = await service.client.get('/problems').expect(200);
    const { problems } = response.body as { problems: { code: string }[] };
    expect(problems.map(({ code }) => code)).toEqual(Object.keys(catalogue));
  });
});
