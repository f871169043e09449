import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { catalog, Problem } from '../../src/http/problem.ts';
import { defineRoute, type Route } from '../../src/routes/route.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const nonError = undefined as unknown as Error;

/** A route whose handler fails. */
function failing(path: string, title: string, handler: Route['handler']): Route {
  const response = z.looseObject({});
  return { method: 'get', path, title, summary: `${title}.`, response, examples: [{ title }], handler };
}

const service = await useTestApp({
  env: { BODY_LIMIT_BYTES: '1000', URL_LIMIT_BYTES: '300' },
  features: [
    {
      id: 'probe',
      base: '/probe',
      title: 'Probe',
      summary: 'Routes with input, and routes that fail.',
      guard: 'public',
      routes: [
        defineRoute({
          method: 'post',
          path: '/things',
          title: 'Create a thing',
          summary: 'Reads a body.',
          body: z.strictObject({ name: z.string().min(1), size: z.number().int().max(10) }),
          response: z.looseObject({}),
          examples: [{ title: 'A thing', body: { name: 'a', size: 1 } }],
          handler: ({ body }) => body,
        }),
        defineRoute({
          method: 'get',
          path: '/things/:id',
          title: 'Read a thing',
          summary: 'Reads path and query parameters.',
          params: z.strictObject({ id: z.string().regex(/^\d+$/, { error: 'must be a number' }) }),
          query: z.strictObject({ limit: z.coerce.number().int().min(1).max(5).default(1) }),
          response: z.looseObject({}),
          examples: [{ title: 'A thing', params: { id: 1 } }],
          handler: ({ params, query }) => ({ params, query }),
        }),
        failing('/defect', 'Throws an unexpected error', () => {
          throw new Error('the password is hunter2');
        }),
        failing('/non-error', 'Rejects with undefined', () => Promise.reject(nonError)),
        failing('/not-exposed', 'Throws an error with a status that must not be exposed', () => {
          throw Object.assign(new Error('the password is hunter2'), { status: 409, expose: false });
        }),
        failing('/conflict', 'Throws a problem after it has set headers', ({ res }) => {
          res.set({ 'Content-Type': 'text/csv', ETag: '"x"', 'Cache-Control': 'public, max-age=60' });
          res.location('/elsewhere');
          throw new Problem('conflict', { detail: 'It exists already.', cause: new Error('hidden cause') });
        }),
        failing('/half', 'Throws after it has sent part of a response', ({ res }) => {
          res.set('Content-Type', 'text/plain').write('half of it');
          throw new Error('too late');
        }),
      ],
    },
  ],
});

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  service.client.get(path).set(headers);
const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
  service.client
    .post('/probe/things')
    .set({ 'Content-Type': 'application/json', ...headers })
    .send(body);

describe('invalid input', () => {
  test.each([
    [404, 'not-found', 'an unknown path', () => get('/nowhere')],
    [405, 'method-not-allowed', 'a wrong method', () => service.client.delete('/probe/things')],
    [400, 'malformed-json', 'malformed JSON', () => post('{"name":')],
    [400, 'invalid-input', 'JSON of the wrong type', () => post('[]')],
    [400, 'invalid-input', 'a JSON primitive', () => post('1')],
    [400, 'invalid-input', 'an empty body', () => post('')],
    [413, 'body-too-large', 'a body over the limit', () => post(JSON.stringify({ name: 'x'.repeat(2_000) }))],
    [415, 'unsupported-media-type', 'a wrong type', () => post('name=a', { 'Content-Type': 'text/plain' })],
    [
      415,
      'unsupported-media-type',
      'an unknown charset',
      () => post('{}', { 'Content-Type': 'application/json; charset=x-none' }),
    ],
    [
      415,
      'unsupported-media-type',
      'an unknown encoding',
      () => post('{}', { 'Content-Encoding': 'x-none' }),
    ],
    [400, 'invalid-input', 'a parameter out of bounds', () => get('/probe/things/1?limit=6')],
    [400, 'invalid-input', 'a parameter of the wrong type', () => get('/probe/things/1?limit=many')],
    [400, 'invalid-input', 'a repeated parameter', () => get('/probe/things/1?limit=1&limit=2')],
    [400, 'invalid-input', 'an unknown parameter', () => get('/probe/things/1?limits=1')],
    [400, 'invalid-input', 'a parameter of a route without any', () => get('/probe/defect?x=1')],
    [400, 'invalid-input', 'an invalid path parameter', () => get('/probe/things/abc')],
    [414, 'url-too-long', 'a URL over the limit', () => get(`/probe/things/1?x=${'y'.repeat(300)}`)],
    [400, 'malformed-url', 'invalid percent-encoding', () => get('/probe/things/%zz')],
    [400, 'malformed-url', 'a NUL byte', () => get('/probe/things/1%00')],
    [406, 'not-acceptable', 'an unsupported Accept', () => get('/probe/things/1', { Accept: 'image/png' })],
  ])('gets %d %s for %s', async (status, code, _what, send) => {
    const response = await send();
    expect(response.status).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.body).toMatchObject({ code, status, requestId: response.headers['x-request-id'] });
    expect(response.body).toHaveProperty('title');
    expect(response.text).not.toMatch(/\n\s+at |\.ts:/);
    await service.client.get('/livez').expect(200);
  });

  test('gets one response that names every invalid field', async () => {
    const response = await post(JSON.stringify({ name: '', size: 11, color: 'red' }));
    const { errors } = response.body as { errors: { name: string }[] };
    expect(errors.map(({ name }) => name).sort()).toEqual(['color', 'name', 'size']);
  });

  test('gets a message about the repetition of a parameter', async () => {
    const response = await get('/probe/things/1?limit=1&limit=2');
    expect(response.body).toMatchObject({
      errors: [{ in: 'query', name: 'limit', message: 'is given more than once' }],
    });
  });

  test('does not change a prototype with __proto__ in a body', async () => {
    await post('{"name":"a","size":1,"__proto__":{"polluted":true}}').expect(400);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('the Allow header', () => {
  test('lists the methods of a path, with 405 as with OPTIONS', async () => {
    const rejected = await service.client.put('/probe/things/1').expect(405);
    expect(rejected.headers['allow']).toBe('GET, HEAD, OPTIONS');
    const options = await service.client.options('/probe/things/1').expect(204);
    expect(options.headers['allow']).toBe('GET, HEAD, OPTIONS');
  });

  test.each(['/', '/livez', '/readyz', '/problems', '/openapi.json'])(
    'comes with the 405 for DELETE %s',
    async (path) => {
      const rejected = await service.client.delete(path).expect(405);
      expect(rejected.headers['allow']).toBe('GET, HEAD, OPTIONS');
    },
  );
});

describe('the error handler', () => {
  test('reveals only the request id of an unexpected error, and logs its message and stack', async () => {
    const response = await get('/probe/defect', { 'X-Request-Id': 'hidden-1' }).expect(500);
    expect(response.body).toEqual({
      type: '/problems#internal-error',
      title: catalog['internal-error'].title,
      status: 500,
      code: 'internal-error',
      instance: '/probe/defect',
      requestId: 'hidden-1',
    });
    const logged = service.logged.find(
      (line) => line['requestId'] === 'hidden-1' && line['level'] === 'error',
    );
    expect(JSON.stringify(logged)).toContain('the password is hunter2');
    expect(JSON.stringify(logged)).toContain('error-handler.test.ts');
  });

  test('hides status and message of an error that must not be exposed', async () => {
    const { text } = await get('/probe/not-exposed').expect(500);
    expect(text).not.toContain('hunter2');
  });

  test('responds with 500 if a non-Error is thrown', async () => {
    await get('/probe/non-error').expect(500);
  });

  test('sends the detail of a problem without its cause and without headers of the abandoned response', async () => {
    const response = await get('/probe/conflict').expect(409);
    expect(response.body).toMatchObject({ code: 'conflict', detail: 'It exists already.' });
    expect(response.text).not.toContain('hidden cause');
    expect(response.headers['etag']).toBeUndefined();
    expect(response.headers['location']).toBeUndefined();
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers['content-type']).toBe('application/problem+json');
  });

  test('closes the connection if the response has begun, so that it does not look complete', async () => {
    const response = get('/probe/half', { 'X-Request-Id': 'half-1' });
    await expect(response).rejects.toThrow(/aborted|socket hang up|terminated/);
    const line = await until('the access log line', () =>
      service.logged.find(({ requestId, event }) => requestId === 'half-1' && event === 'request'),
    );
    expect(line).toMatchObject({ status: 200, closedByServer: true });
  });

  test('of any status has a code that is listed at /problems', async () => {
    const response = await service.client.get('/problems').expect(200);
    const { problems } = response.body as { problems: { code: string }[] };
    const codes = new Set(problems.map(({ code }) => code));
    expect(codes.size).toBe(problems.length);
    expect(codes).toEqual(new Set([...Object.keys(catalog), ...codes]));
    for (let status = 400; status < 600; status += 1) expect(codes).toContain(Problem.ofStatus(status).code);
  });
});
