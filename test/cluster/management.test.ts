import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Management } from '../../src/cluster/management.ts';
import { Problem } from '../../src/http/problem.ts';

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
let url = '';
beforeAll(async () => {
  url = await management.listen();
});
afterAll(() => management.close());

describe('every answer of the management port has a request id', () => {
  test.each([
    ['GET', '/nowhere', 404],
    ['DELETE', '/livez', 405],
    ['POST', '/reload', 409],
    ['GET', '/metrics', 500],
  ])('%s %s: %i, and the problem says it', async (method, path, status) => {
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(status);
    const requestId = response.headers.get('x-request-id');
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.json()).toMatchObject({ status, requestId, instance: path });
  });

  test('and so has one that went well', async () => {
    const response = await fetch(`${url}/livez`);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a valid one from outside is kept, and finds the failure in the log, which the answer does not tell', async () => {
    const headers = { 'X-Request-Id': 'mine-1' };
    const response = await fetch(`${url}/metrics`, { headers });
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(await response.text()).not.toContain('a secret');
    expect(logged.filter((line) => line['requestId'] === 'mine-1')).toEqual([
      expect.objectContaining({ path: '/metrics', err: expect.objectContaining({ message: 'a secret' }) }),
    ]);
    const replaced = await fetch(`${url}/livez`, { headers: { 'X-Request-Id': 'not valid' } });
    expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
