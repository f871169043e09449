import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute } from '../../src/routes/route.ts';
import { createTestApp } from '../support/app.ts';

const FRONT_END = 'https://app.example.com';
const EVIL = 'https://evil.example';
let changes = 0;

const changing: Feature = {
  id: 'changing',
  base: '/change',
  title: 'Change',
  summary: 'Counts changes.',
  guard: 'public',
  routes: (['get', 'post', 'put', 'patch', 'delete'] as const).map((method) =>
    defineRoute({
      method,
      path: '/',
      title: 'Change',
      summary: 'Counts changes.',
      response: z.object({}),
      examples: [{ title: 'Change' }],
      handler: () => {
        if (method !== 'get') changes += 1;
        return {};
      },
    }),
  ),
};

/** Sends a request with exactly these headers, as no client library would. */
async function listening(env: Readonly<Record<string, string>>) {
  const service = await createTestApp({ features: [changing], env });
  const server = service.app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(async () => {
    server.close();
    await service[Symbol.asyncDispose]();
  });
  return async (method: string, headers: Readonly<Record<string, string>> = {}) => {
    const before = changes;
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const lines = Object.entries({ Host: 'api.example.com', Connection: 'close', ...headers });
    socket.write(
      `${method} /change HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
    const response = await text(socket);
    return { response, status: Number(response.split(' ')[1]), executed: changes - before };
  };
}

const send = await listening({});
const listed = await listening({ CORS_ORIGINS: FRONT_END });
const open = await listening({ CORS_ORIGINS: '*' });
const trusting = await listening({ TRUST_PROXY: 'loopback' });

const unsafe = ['POST', 'PUT', 'PATCH', 'DELETE'];

describe.each(unsafe)('%s', (method) => {
  test.each([
    { 'Sec-Fetch-Site': 'cross-site', Origin: EVIL },
    { 'Sec-Fetch-Site': 'cross-site', Origin: EVIL, Cookie: 'session=1' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site', Origin: FRONT_END, Cookie: 'session=1' },
    { 'Sec-Fetch-Site': 'invented', Cookie: 'session=1' },
    { Origin: EVIL, Cookie: 'session=1' },
    { Origin: 'null', Cookie: 'session=1' },
    { Origin: 'http://api.example.com.evil.example' },
    { Origin: 'http://api.example.com:8080' },
    { Origin: 'http://evilapi.example.com' },
  ])('with the headers %j is rejected with 403 and not executed', async (headers) => {
    const { response, status, executed } = await send(method, headers);
    expect([status, executed]).toEqual([403, 0]);
    expect(response).toContain('"code":"cross-site"');
  });

  test.each([
    {},
    { Cookie: 'session=1' },
    { Authorization: 'Bearer x' },
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://api.example.com' },
    { 'Sec-Fetch-Site': 'none', Cookie: 'session=1' },
    { Origin: 'http://api.example.com', Cookie: 'session=1' },
  ])('with the headers %j is executed', async (headers) => {
    const { status, executed } = await send(method, headers);
    expect([status, executed]).toEqual([200, 1]);
  });
});

test.each(['GET', 'HEAD', 'OPTIONS'])('%s of another site is served: it changes nothing', async (method) => {
  const { status } = await send(method, { 'Sec-Fetch-Site': 'cross-site', Origin: EVIL, Cookie: 's=1' });
  expect(status).toBe(method === 'OPTIONS' ? 204 : 200);
});

test.each([
  [FRONT_END, { Cookie: 'session=1' }, 200],
  [EVIL, {}, 403],
  ['https://evil-app.example.com', {}, 403],
  ['null', {}, 403],
])('with a list, a request of %s with the headers %j gets %i', async (origin, headers, status) => {
  for (const site of ['cross-site', 'same-site']) {
    expect((await listed('POST', { Origin: origin, 'Sec-Fetch-Site': site, ...headers })).status).toBe(
      status,
    );
  }
});

test.each([
  [{}, 200],
  [{ Authorization: 'Bearer x' }, 200],
  [{ Cookie: 'session=1' }, 403],
  [{ Authorization: 'Basic YTpi' }, 403],
  [{ Authorization: 'negotiate x' }, 403],
])('with *, a cross-site request with the headers %j gets %i', async (headers, status) => {
  const response = await open('POST', { Origin: EVIL, 'Sec-Fetch-Site': 'cross-site', ...headers });
  expect(response.status).toBe(status);
});

test('compares the origin with the host that a trusted proxy was addressed as', async () => {
  const forwarded = { 'X-Forwarded-Host': 'public.example', Origin: 'https://public.example' };
  expect((await trusting('POST', forwarded)).status).toBe(200);
  expect((await send('POST', forwarded)).status).toBe(403);
});
