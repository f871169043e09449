import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { Problem } from '../../src/http/problem.ts';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute } from '../../src/routes/route.ts';
import { useTestApp } from '../support/use-test-app.ts';
import { probe } from './probe-feature.ts';

const APP = 'https://app.example.com';
const DEV = 'http://localhost:5173';

const routes: Feature = {
  id: 'pages',
  base: '/pages',
  title: 'Pages',
  summary: 'Responses for tests.',
  guard: 'public',
  routes: [
    defineRoute({
      method: 'get',
      path: '/negotiated',
      title: 'Negotiated',
      summary: 'Varies by Accept.',
      produces: ['application/json', 'text/plain'],
      response: z.object({}),
      responseHeaders: { Link: 'The next page.' },
      examples: [{ title: 'Negotiated' }],
      handler: () => ({}),
    }),
    defineRoute({
      method: 'get',
      path: '/failing',
      title: 'Failing',
      summary: 'Fails.',
      response: z.object({}),
      examples: [{ title: 'Failing', status: 409 }],
      handler: () => {
        throw new Problem('conflict');
      },
    }),
  ],
};

const features = [probe, routes];
const without = await useTestApp({ features });
const listing = await useTestApp({ features, env: { CORS_ORIGINS: `${APP}, ${DEV}`, RATE_LIMIT_MAX: '3' } });
const open = await useTestApp({ features, env: { CORS_ORIGINS: '*' } });
const unlimited = await useTestApp({ features, env: { CORS_ORIGINS: APP } });

const corsHeaders = (headers: Record<string, string>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));
const varyOf = ({ vary = '' }: Record<string, string>) => vary.toLowerCase().split(/\s*,\s*/);

describe('without CORS_ORIGINS', () => {
  test.each(['get', 'options'] as const)('sends no CORS header in response to %s', async (method) => {
    const response = await without.client[method]('/probe/small')
      .set('Origin', APP)
      .set('Access-Control-Request-Method', 'POST');
    expect(corsHeaders(response.headers)).toEqual([]);
    expect(varyOf(response.headers)).not.toContain('origin');
  });
});

describe('with a list of origins', () => {
  test('lets pages of it read responses, with cookies', async () => {
    const { headers } = await unlimited.client.get('/probe/small').set('Origin', APP).expect(200);
    expect(headers['access-control-allow-origin']).toBe(APP);
    expect(headers['access-control-allow-credentials']).toBe('true');
    expect(headers['access-control-expose-headers']?.split(', ')).toEqual(
      expect.arrayContaining(['X-Request-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'Link']),
    );
    expect(varyOf(headers)).toContain('origin');
  });

  test.each([
    'https://evil.example',
    'https://evil-app.example.com',
    'https://app.example.com.evil.example',
    'https://evilapp.example.com',
    'https://sub.app.example.com',
    'https://example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://APP.example.com',
    'https://app.example.com/',
    `${APP}, ${DEV}`,
    '*',
    'null',
    '',
  ])('lets no page of %j read, nor preflight', async (origin) => {
    const { headers } = await unlimited.client.get('/probe/small').set('Origin', origin).expect(200);
    expect(corsHeaders(headers)).toEqual([]);
    expect(varyOf(headers)).toContain('origin');
    const preflight = await unlimited.client
      .options('/probe/small')
      .set('Origin', origin)
      .set('Access-Control-Request-Method', 'PUT');
    expect(corsHeaders(preflight.headers)).toEqual([]);
    expect(varyOf(preflight.headers)).toContain('origin');
  });

  test('keeps apart in caches what was requested without an origin', async () => {
    const { headers } = await unlimited.client.get('/probe/small').expect(200);
    expect(corsHeaders(headers)).toEqual([]);
    expect(varyOf(headers)).toContain('origin');
  });

  // The client of these tests sends Accept-Encoding with GET only.
  test.each(['get', 'head'] as const)(
    'adds to Vary what other layers and the route add: %s',
    async (method) => {
      const { headers } = await unlimited.client[method]('/pages/negotiated').set('Origin', APP).expect(200);
      expect(varyOf(headers).toSorted()).toEqual(['accept', 'accept-encoding', 'origin']);
      expect(headers['access-control-allow-origin']).toBe(APP);
    },
  );

  test.each([
    [409, '/pages/failing'],
    [404, '/nowhere'],
    [400, '/probe/small?x=1'],
    [414, `/${'x'.repeat(5_000)}`],
  ])('lets a page read a %i', async (status, path) => {
    const response = await unlimited.client.get(path).set('Origin', APP).expect(status);
    expect(response.headers['access-control-allow-origin']).toBe(APP);
    expect(response.headers['access-control-expose-headers']).toContain('X-Request-Id');
    expect(response.body).toMatchObject({ status });
  });

  test('responds to preflights before the rate limit, and lets a page read the 429', async () => {
    const preflight = () =>
      listing.client
        .options('/probe/small')
        .set('Origin', DEV)
        .set('Access-Control-Request-Method', 'DELETE')
        .set('Access-Control-Request-Headers', 'authorization,if-match');
    for (let i = 0; i < 6; i += 1) {
      const { headers } = await preflight().expect(204);
      expect(headers).toMatchObject({
        'access-control-allow-origin': DEV,
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': 'authorization,if-match',
        'access-control-max-age': '600',
      });
      expect(headers['access-control-allow-methods']).toContain('DELETE');
      expect(varyOf(headers)).toEqual(expect.arrayContaining(['origin', 'access-control-request-headers']));
      expect(headers['ratelimit']).toBeUndefined();
    }
    const get = () => listing.client.get('/probe/small').set('Origin', DEV);
    for (let i = 0; i < 3; i += 1) await get().expect(200);
    const rejected = await get().expect(429);
    expect(rejected.headers['access-control-allow-origin']).toBe(DEV);
    expect(rejected.headers['access-control-expose-headers']).toContain('Retry-After');
    await preflight().expect(204);
  });

  test.each(['a b', 'x, ', '\xe4'])('does not repeat the malformed header names %j', async (names) => {
    const { headers } = await unlimited.client
      .options('/probe/small')
      .set('Origin', APP)
      .set('Access-Control-Request-Method', 'PUT')
      .set('Access-Control-Request-Headers', names);
    expect(headers['access-control-allow-headers']).toBeUndefined();
  });

  test('leaves an OPTIONS request that is no preflight to the route', async () => {
    const { headers } = await unlimited.client.options('/probe/small').set('Origin', APP).expect(204);
    expect(headers['allow']).toBe('GET, HEAD, OPTIONS');
    expect(headers['access-control-allow-methods']).toBeUndefined();
  });
});

describe('with *', () => {
  test.each([APP, 'null', 'https://evil.example'])(
    'lets pages of %s read, without cookies',
    async (origin) => {
      const { headers } = await open.client.get('/probe/small').set('Origin', origin).expect(200);
      expect(headers['access-control-allow-origin']).toBe('*');
      expect(headers['access-control-allow-credentials']).toBeUndefined();
      expect(varyOf(headers)).not.toContain('origin');
    },
  );
});
