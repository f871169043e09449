import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, json } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { z } from 'zod';
import { defineRoute, type Feature, type Guard, type Route } from '../../src/http/feature.ts';
import { Problem } from '../../src/http/problem.ts';
import { createTestApp } from '../support/app.ts';

const base = { summary: 'For these tests.', examples: [{ title: 'As it is' }] } as const;

function featureOf(...routes: Route[]): Feature {
  return { id: 'probe', base: '/probe', title: 'Probe', summary: 'For these tests.', routes };
}

interface ApiDescription {
  readonly components: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

describe('what a handler returns', () => {
  const coded = { ...base, method: 'get', response: z.strictObject({ code: z.string() }) } as const;
  const nothing: Route = { ...coded, path: '/nothing', handler: () => undefined };
  const wrong: Route = { ...coded, path: '/wrong', handler: () => ({ code: 1, passwordHash: 'hunter2' }) };
  const unanswered = defineRoute({
    ...base,
    method: 'get',
    path: '/unanswered',
    response: { mediaType: 'text/plain', description: 'Text' },
    handler: () => undefined,
  });
  const features = [featureOf(nothing, wrong, unanswered)];
  const errorsOf = (logged: readonly Record<string, unknown>[]) =>
    logged
      .filter(({ event }) => event === 'request-failed')
      .map(({ err }) => (err as { message: string }).message);

  test.each(['/probe/nothing', '/probe/unanswered'])(
    'where that is nothing, and it has not answered, the caller gets a 500 and the log names %s',
    async (path) => {
      await using service = await createTestApp({ features });
      await service.client.get(path).timeout(5_000).expect(500);
      expect(errorsOf(service.logged)).toEqual([`GET ${path} returned nothing, and has not begun to answer`]);
    },
  );

  test('is held against what the route declares', async () => {
    await using service = await createTestApp({ features });
    const { text } = await service.client.get('/probe/wrong').expect(500);
    expect(text).not.toContain('hunter2');
    const [message] = errorsOf(service.logged);
    expect(message).toMatch(/^GET \/probe\/wrong returned what its response does not declare: code: /);
    expect(message).toContain('passwordHash');
    expect(message).not.toContain('hunter2');
  });

  test('is sent as it is in production', async () => {
    await using service = await createTestApp({ features, env: { NODE_ENV: 'production' } });
    await service.client.get('/probe/wrong').expect(200, { code: 1, passwordHash: 'hunter2' });
  });

  test('is what it has declared, or it does not compile', () => {
    const path = '/x';
    defineRoute({ ...coded, path, handler: async () => ({ code: 'a' }) });
    // @ts-expect-error -- another object
    defineRoute({ ...coded, path, handler: () => ({ passwordHash: 1 }) });
    // @ts-expect-error -- another object, later
    defineRoute({ ...coded, path, handler: async () => ({ passwordHash: 1 }) });
    // @ts-expect-error -- nothing
    defineRoute({ ...coded, path, handler: () => undefined });
    // @ts-expect-error -- no location
    defineRoute({ ...coded, path, success: 302, response: z.url(), handler: () => ({ code: 'a' }) });
  });
});

describe('a redirect', () => {
  const follow = defineRoute({
    ...base,
    method: 'get',
    path: '/:code',
    params: z.strictObject({ code: z.string() }),
    success: 302,
    response: z.url({ protocol: /^https?$/ }),
    handler: ({ params }) => (params.code === 'bad' ? 'javascript:alert(1)' : 'https://example.com/ä b'),
  });
  const features = [featureOf(follow)];

  test('is what a handler returns, whatever content is accepted, and has none', async () => {
    await using service = await createTestApp({ features });
    const { headers, text } = await service.client
      .get('/probe/abc')
      .set('Accept', 'text/html')
      .redirects(0)
      .expect(302);
    expect(headers).toMatchObject({ location: 'https://example.com/%C3%A4%20b' });
    expect(headers['content-type']).toBeUndefined();
    expect(text).toBe('');
  });

  test('goes nowhere that the route does not allow', async () => {
    await using service = await createTestApp({ features });
    const { headers } = await service.client.get('/probe/bad').redirects(0).expect(500);
    expect(headers['location']).toBeUndefined();
  });

  test('is described by its status and its location', async () => {
    await using service = await createTestApp({ features });
    const { paths } = (await service.client.get('/openapi.json')).body as ApiDescription;
    expect(paths['/probe/{code}']?.['get']?.['responses']).toEqual({
      302: {
        description: base.summary,
        headers: {
          Location: {
            description: 'Where to go instead.',
            required: true,
            schema: expect.objectContaining({ type: 'string', format: 'uri' }),
          },
        },
      },
      default: expect.anything(),
    });
  });
});

test('a route without content asks nobody to accept any', async () => {
  const remove: Route = {
    ...base,
    method: 'delete',
    path: '',
    success: 204,
    response: z.void(),
    handler: () => undefined,
  };
  await using service = await createTestApp({ features: [featureOf(remove)] });
  await service.client.delete('/probe').set('Accept', 'text/html').expect(204);
});

describe('a guard', () => {
  const guard: Guard = {
    name: 'apiKey',
    scheme: { type: 'http', scheme: 'bearer' },
    check({ headers: { authorization } }) {
      if (authorization === undefined)
        throw new Problem('unauthorized', { headers: { 'WWW-Authenticate': 'Bearer' } });
      if (authorization !== 'Bearer good') throw new Problem('forbidden');
    },
  };
  const create: Route = {
    ...base,
    method: 'post',
    path: '',
    body: z.strictObject({ name: z.string() }),
    response: z.looseObject({}),
    problems: ['conflict', 'forbidden'],
    handler: ({ body }) => body,
  };
  const open: Route = {
    ...base,
    method: 'get',
    path: '/open',
    response: z.looseObject({}),
    handler: () => ({}),
  };
  const features = [
    { ...featureOf(create), guard },
    { ...featureOf(open, { ...open, path: '/closed', guard }), id: 'open', base: '/open' },
  ];

  test('refuses before it is looked at what was sent, and what would be accepted', async () => {
    await using service = await createTestApp({ features });
    const send = () =>
      service.client.post('/probe').set({ Accept: 'text/html', 'Content-Type': 'text/plain' });
    const { headers } = await send().send('anything').expect(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    await send().set('Authorization', 'Bearer bad').send('anything').expect(403);
    await send().set('Authorization', 'Bearer good').send('anything').expect(406);
    await service.client.post('/probe').set('Authorization', 'Bearer good').send({ name: 'a' }).expect(200);
  });

  test('is that of a route, or else of its feature', async () => {
    await using service = await createTestApp({ features });
    await service.client.get('/open/open').expect(200);
    await service.client.get('/open/closed').expect(401);
  });

  test('is described, with what it refuses', async () => {
    await using service = await createTestApp({ features });
    const { paths, components } = (await service.client.get('/openapi.json')).body as ApiDescription;
    expect(components['securitySchemes']).toEqual({ apiKey: { type: 'http', scheme: 'bearer' } });
    const { security, responses } = paths['/probe']?.['post'] ?? {};
    expect(security).toEqual([{ apiKey: [] }]);
    expect(Object.keys(responses as object)).toEqual(['200', '401', '403', '409', 'default']);
    expect(paths['/open/open']?.['get']?.['security']).toBeUndefined();
  });
});

describe('a body that is read as it arrives', () => {
  const importCsv = defineRoute({
    ...base,
    method: 'post',
    path: '/csv',
    body: { mediaType: 'text/csv', maxBytes: 10, description: 'A table' },
    response: z.strictObject({ bytes: z.number() }),
    handler: async ({ body }) => ({ bytes: (await buffer(body)).length }),
  });
  const anyBody = { mediaType: 'application/octet-stream', maxBytes: 10, description: 'Bytes' };
  const features = [featureOf(importCsv, { ...importCsv, path: '/bytes', body: anyBody })];

  /** Sends a body in pieces, and says of no type what it is not told to. */
  async function send(app: Express, path: string, headers: OutgoingHttpHeaders, ...pieces: string[]) {
    const server = app.listen(0);
    const { port } = server.address() as AddressInfo;
    const req = request({ port, method: 'POST', path: `/probe${path}`, headers });
    for (const piece of pieces) req.write(piece);
    req.end();
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    const answer: unknown = await json(response);
    server.close();
    return { response, answer };
  }

  test.each([
    ['of its type', '/csv', { 'Content-Type': 'text/csv; charset=utf-8' }, 200],
    ['of another type', '/csv', { 'Content-Type': 'text/plain' }, 415],
    ['of no type, where one is needed', '/csv', {}, 415],
    ['of no type, where it may be anything', '/bytes', {}, 200],
  ])('%s', async (_what, path, headers, status) => {
    await using service = await createTestApp({ features });
    const { response, answer } = await send(service.app, path, headers, '12345');
    expect(response.statusCode).toBe(status);
    if (status === 200) expect(answer).toEqual({ bytes: 5 });
    else expect(response.headers.accept).toBe('text/csv');
  });

  test('is refused where it says that it is too long, before its handler runs', async () => {
    let ran = false;
    const handler = () => (ran = true);
    await using service = await createTestApp({ features: [featureOf({ ...importCsv, handler })] });
    const post = service.client.post('/probe/csv').type('text/csv');
    const { text, headers } = await post.send('12345678901').expect(413);
    expect(text).toContain('body-too-large');
    expect(headers['connection']).toBe('close');
    expect(ran).toBe(false);
  });

  test('is read no further than its limit', async () => {
    await using service = await createTestApp({ features });
    const type = { 'Content-Type': 'text/csv' };
    const { response, answer } = await send(service.app, '/csv', type, '123456', '78901');
    expect(response.headers.connection).toBe('close');
    expect(answer).toMatchObject({ code: 'body-too-large' });
  });

  test('is described by its type and its limit', async () => {
    await using service = await createTestApp({ features });
    const { paths } = (await service.client.get('/openapi.json')).body as ApiDescription;
    expect(paths['/probe/csv']?.['post']?.['requestBody']).toEqual({
      description: 'A table, at most 10 bytes',
      content: { 'text/csv': { schema: { type: 'string', format: 'binary' } } },
    });
  });
});
