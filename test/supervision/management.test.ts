import { afterAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Problem } from '../../src/http/problem.ts';
import { Management } from '../../src/supervision/management.ts';

const UUID = /^[0-9a-f-]{36}$/;

const logged: Record<string, unknown>[] = [];
const management = new Management({
  config: { MANAGEMENT_HOST: '127.0.0.1', MANAGEMENT_PORT: 0 },
  log: pino({}, { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) }),
  supervision: {
    ready: true,
    stopping: false,
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

  test('replaces an invalid request id', async () => {
    const response = await fetch(`${url}/livez`, { headers: { 'X-Request-Id': 'not valid' } });
    expect(response.headers.get('x-request-id')).toMatch(UUID);
  });
});
