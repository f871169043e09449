import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { Problem } from '../../src/http/problem.ts';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute, type Guard, type Route } from '../../src/routes/route.ts';
import { createTestApp } from '../support/app.ts';
import { useTestApp } from '../support/use-test-app.ts';

const base = { summary: 'For these tests.', examples: [{ title: 'An example' }] } as const;
const coded = {
  ...base,
  method: 'get',
  title: 'Read a code',
  response: z.strictObject({ code: z.string() }),
} as const;

const featureOf = (id: string, ...routes: Route[]): Feature => ({
  id,
  base: `/${id}`,
  title: 'Test routes',
  summary: 'For these tests.',
  guard: 'public',
  routes,
});

const returns = featureOf(
  'returns',
  { ...coded, path: '/nothing', handler: () => undefined },
  { ...coded, path: '/mismatch', handler: () => ({ code: 1, passwordHash: 'hunter2' }) },
  defineRoute({
    ...base,
    method: 'get',
    path: '/no-text',
    title: 'Do not send the declared text',
    response: { mediaType: 'text/plain', description: 'Text' },
    handler: () => undefined,
  }),
  defineRoute({
    ...base,
    method: 'get',
    path: '/redirect/:code',
    title: 'Redirect to another site',
    params: z.strictObject({ code: z.string() }),
    success: 302,
    response: z.url({ protocol: /^https?$/ }),
    handler: ({ params }) => (params.code === 'bad' ? 'javascript:alert(1)' : 'https://example.com/ä b'),
  }),
  {
    ...base,
    method: 'delete',
    path: '/thing',
    title: 'Delete a thing',
    success: 204,
    response: z.void(),
    handler: () => undefined,
  },
);

const guard: Guard = {
  name: 'apiKey',
  scheme: { type: 'http', scheme: 'bearer' },
  check({ headers: { authorization } }) {
    if (authorization === undefined)
      throw new Problem('unauthorized', { headers: { 'WWW-Authenticate': 'Bearer' } });
    if (authorization !== 'Bearer good') throw new Problem('forbidden');
    return { id: 'ada' };
  },
};
const create = defineRoute({
  ...base,
  method: 'post',
  path: '',
  title: 'Create a thing',
  body: z.strictObject({ name: z.string() }),
  response: z.looseObject({}),
  problems: ['conflict', 'forbidden'],
  handler: ({ body }) => body,
});
const open = { ...coded, path: '/open', handler: () => ({ code: 'a' }) };

/** Knows callers by another header. */
const badge: Guard<{ id: string; level: number }> = {
  name: 'badge',
  scheme: { type: 'apiKey', in: 'header', name: 'X-Badge' },
  scopes: ['doors'],
  check({ headers: { 'x-badge': id } }) {
    if (typeof id === 'string') return { id, level: 3 };
    throw new Problem('unauthorized', { headers: { 'WWW-Authenticate': 'Badge' } });
  },
};
const either = defineRoute({
  ...coded,
  path: '/either',
  guard: [guard, badge],
  handler: ({ caller }) => ({ code: caller.id }),
});
const typed = defineRoute({
  ...coded,
  path: '/typed',
  guard: badge,
  handler: ({ caller }) => ({ code: `${caller.id} of level ${caller.level}` }),
});

const features = [
  returns,
  { ...featureOf('guarded', create, { ...open, guard: 'public' }), guard },
  featureOf('mixed', open, either, typed, { ...open, path: '/closed', guard }),
];
const service = await useTestApp({ features });

/** The messages of unexpected errors of a request. */
const errorsOf = (requestId: unknown) =>
  service.logged
    .filter((line) => line['event'] === 'request-failed' && line['requestId'] === requestId)
    .map(({ err }) => (err as { message: string }).message);

interface OpenApi {
  readonly components: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

const readOpenApi = async () => (await service.client.get('/openapi.json')).body as OpenApi;

describe('a handler', () => {
  test.each(['/returns/nothing', '/returns/no-text'])(
    'that neither returns nor responds causes a 500 and a log line that names the route: %s',
    async (path) => {
      const { headers } = await service.client.get(path).timeout(5_000).expect(500);
      expect(errorsOf(headers['x-request-id'])).toEqual([
        `GET ${path} returned undefined without starting a response`,
      ]);
    },
  );

  test('that returns a value that does not match its response schema causes a 500 that hides the value', async () => {
    const { text, headers } = await service.client.get('/returns/mismatch').expect(500);
    expect(text).not.toContain('hunter2');
    const [message] = errorsOf(headers['x-request-id']);
    expect(message).toMatch(
      /^GET \/returns\/mismatch returned a value that does not match its response schema: code: /,
    );
    expect(message).toContain('passwordHash');
    expect(message).not.toContain('hunter2');
  });

  test('has what is not declared removed in production, which is logged once and counted', async () => {
    await using production = await createTestApp({ features, env: { NODE_ENV: 'production' } });
    await production.client.get('/returns/mismatch').expect(200, { code: 1 });
    await production.client.get('/returns/mismatch').expect(200, { code: 1 });
    const lines = production.logged.filter(({ event }) => event === 'response-mismatch');
    expect(lines).toEqual([expect.objectContaining({ route: 'GET /returns/mismatch' })]);
    expect(JSON.stringify(production.logged)).not.toContain('hunter2');
    expect(await production.metrics.registry.metrics()).toContain(
      'http_response_mismatches_total{route="GET /returns/mismatch"} 2',
    );
  });

  test('does not compile if it returns another type than its route declares', () => {
    const path = '/x';
    defineRoute({ ...coded, path, handler: async () => ({ code: 'a' }) });
    // @ts-expect-error -- another object
    defineRoute({ ...coded, path, handler: () => ({ passwordHash: 1 }) });
    // @ts-expect-error -- a promise of another object
    defineRoute({ ...coded, path, handler: async () => ({ passwordHash: 1 }) });
    // @ts-expect-error -- nothing
    defineRoute({ ...coded, path, handler: () => undefined });
    // @ts-expect-error -- no location
    defineRoute({ ...coded, path, success: 302, response: z.url(), handler: () => ({ code: 'a' }) });
  });
});

describe('a redirect', () => {
  test('goes to the returned URL without a body, whatever the client accepts', async () => {
    const { headers, text } = await service.client
      .get('/returns/redirect/abc')
      .set('Accept', 'text/html')
      .redirects(0)
      .expect(302);
    expect(headers).toMatchObject({ location: 'https://example.com/%C3%A4%20b' });
    expect(headers['content-type']).toBeUndefined();
    expect(text).toBe('');
  });

  test('to a URL that the route does not allow becomes a 500', async () => {
    const { headers } = await service.client.get('/returns/redirect/bad').redirects(0).expect(500);
    expect(headers['location']).toBeUndefined();
    await using production = await createTestApp({ features, env: { NODE_ENV: 'production' } });
    await production.client.get('/returns/redirect/bad').redirects(0).expect(500);
  });

  test('appears in OpenAPI with its status and its Location header', async () => {
    const { paths } = await readOpenApi();
    expect(paths['/returns/redirect/{code}']?.['get']?.['responses']).toEqual({
      302: {
        description: base.summary,
        headers: {
          Location: {
            description: 'The URL to go to.',
            required: true,
            schema: expect.objectContaining({ type: 'string', format: 'uri' }),
          },
        },
      },
      default: expect.anything(),
    });
  });
});

test('a 204 route skips content negotiation', async () => {
  await service.client.delete('/returns/thing').set('Accept', 'text/html').expect(204);
});

describe('a guard', () => {
  test('runs before the body is read and before content negotiation', async () => {
    const post = () => service.client.post('/guarded');
    const send = () => post().set({ Accept: 'text/html', 'Content-Type': 'text/plain' });
    const { headers } = await send().send('anything').expect(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    await send().set('Authorization', 'Bearer bad').send('anything').expect(403);
    await send().set('Authorization', 'Bearer good').send('anything').expect(406);
    await post().set('Authorization', 'Bearer good').send({ name: 'a' }).expect(200);
  });

  test('of a route applies to that route only and replaces the guard of its feature', async () => {
    await service.client.get('/mixed/open').expect(200);
    await service.client.get('/mixed/closed').expect(401);
    await service.client.get('/guarded/open').expect(200);
  });

  test('tells the handler and the access log who calls', async () => {
    const response = await service.client.get('/mixed/typed').set('X-Badge', 'grace').expect(200);
    expect(response.body).toEqual({ code: 'grace of level 3' });
    const isLine = (line: Record<string, unknown>) =>
      line['event'] === 'request' && line['requestId'] === response.headers['x-request-id'];
    expect(service.logged.find(isLine)).toMatchObject({ caller: 'grace' });
  });

  test('does not compile if a feature does not decide who may call', () => {
    const { guard: _guard, ...undecided } = featureOf('undecided', open);
    // @ts-expect-error -- a guard, or 'public'
    const feature: Feature = undecided;
    expect(feature.routes).toHaveLength(1);
  });

  test('may be one of several: the first that knows the caller decides', async () => {
    const get = () => service.client.get('/mixed/either');
    await get().expect(401).expect('WWW-Authenticate', 'Bearer, Badge');
    await get().set('Authorization', 'Bearer good').expect(200, { code: 'ada' });
    await get().set('X-Badge', 'grace').expect(200, { code: 'grace' });
    await get().set({ Authorization: 'Bearer bad', 'X-Badge': 'grace' }).expect(403);
  });

  test('appears in OpenAPI with the responses that it causes', async () => {
    const { paths, components } = await readOpenApi();
    expect(components['securitySchemes']).toMatchObject({ apiKey: { type: 'http', scheme: 'bearer' } });
    expect(paths['/mixed/either']?.['get']?.['security']).toEqual([{ apiKey: [] }, { badge: ['doors'] }]);
    const { security, responses } = paths['/guarded']?.['post'] ?? {};
    expect(security).toEqual([{ apiKey: [] }]);
    expect(Object.keys(responses as object)).toEqual(['200', '401', '403', '409', 'default']);
    expect(paths['/mixed/open']?.['get']?.['security']).toBeUndefined();
  });
});
