import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Registry } from '@prometheus-io/client';
import { pino } from 'pino';
import { Problem } from '../../src/http/problem.ts';
import { Management } from '../../src/supervision/management.ts';

const UUID = /^[0-9a-f-]{36}$/;

const logged: Record<string, unknown>[] = [];
const management = new Management({
  config: { MANAGEMENT_HOST: '127.0.0.1', MANAGEMENT_PORT: 0 },
  log: pino({}, { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) }),
  registry: new Registry(),
  supervision: {
    readiness: { status: 'unavailable', failing: ['database'] },
    token: '',
    workers: () => [],
    events: () => [],
    metrics: () => Promise.reject(new Error('a secret')),
    reload: () => Promise.reject(new Problem('conflict')),
  },
});
const url = await management.listen();
afterAll(() => management.close());

describe('the management port', () => {
  test.each([
    ['GET', '/nowhere', 404],
    ['DELETE', '/livez', 405],
    ['POST', '/reload', 409],
    ['GET', '/metrics', 500],
  ])('responds to %s %s with %i and the request id in header and body', async (method, path, status) => {
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(status);
    const requestId = response.headers.get('x-request-id');
    expect(requestId).toMatch(UUID);
    expect(await response.json()).toMatchObject({ status, requestId, instance: path });
  });

  test('sends a request id with a successful response', async () => {
    const response = await fetch(`${url}/livez`);
    expect(response.headers.get('x-request-id')).toMatch(UUID);
  });

  test("uses the caller's request id to log an error whose details are not in the response", async () => {
    const response = await fetch(`${url}/metrics`, { headers: { 'X-Request-Id': 'mine-1' } });
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(await response.text()).not.toContain('a secret');
    expect(logged.filter((line) => line['requestId'] === 'mine-1')).toEqual([
      expect.objectContaining({ path: '/metrics', err: expect.objectContaining({ message: 'a secret' }) }),
    ]);
  });

  test('names the failing checks in /readyz', async () => {
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'unavailable', failing: ['database'] });
  });

  test('replaces an invalid request id', async () => {
    const response = await fetch(`${url}/livez`, { headers: { 'X-Request-Id': 'not valid' } });
    expect(response.headers.get('x-request-id')).toMatch(UUID);
  });

  test.each([
    ['a foreign host', 'GET /workers HTTP/1.1', 'Host: evil.example', 403],
    ['a foreign origin', 'GET /workers HTTP/1.1', 'Host: localhost\r\nOrigin: http://evil.example', 403],
    ['its own URL', 'GET http://localhost/livez HTTP/1.1', 'Host: x', 200],
    ['another version', 'GET /livez HTTP/0.9', 'Host: localhost', 505],
    ['no host', 'GET /livez HTTP/1.1', 'Accept: */*', 400],
    ['an invalid host', 'GET /livez HTTP/1.1', 'Host: a,b', 400],
    ['*', 'OPTIONS * HTTP/1.1', 'Host: localhost', 204],
    ['CONNECT', 'CONNECT x.example:443 HTTP/1.1', 'Host: localhost', 501],
    ['an unknown expectation', 'GET /livez HTTP/1.1', 'Host: localhost\r\nExpect: cake', 417],
    ['garbage', 'GARBAGE', 'Host: localhost', 400],
  ])('responds to a request with %s', async (_what, line, headers, status) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.end(`${line}\r\n${headers}\r\nConnection: close\r\n\r\n`);
    const response = await text(socket);
    expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(response).toMatch(/^X-Content-Type-Options: nosniff/im);
    expect(response).toMatch(/^Date: /im);
    if (status >= 400) expect(response).toMatch(/^Content-Type: application\/problem\+json/im);
  });

  test('closes the connection that has been idle the longest when there are too many', async () => {
    const { hostname, port } = new URL(url);
    const sockets: Socket[] = [];
    for (let i = 0; i < 40; i += 1) {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      await once(socket, 'connect');
      sockets.push(socket);
    }
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    for (const socket of sockets.slice(0, 16)) if (!socket.closed) await once(socket, 'close');
    expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(24);
    for (const socket of sockets) socket.destroy();
  });
});
