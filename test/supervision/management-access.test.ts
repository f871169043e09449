import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Problem } from '../../src/http/problem.ts';
import { checkAccess, reachable } from '../../src/supervision/management-access.ts';
import { Program } from '../support/program.ts';

const TOKEN = 'a-token-with-at-least-16';

interface Caller {
  readonly from: string;
  readonly to: string;
  readonly authorization?: string;
}

/** @returns the status of the error response; 200 if the caller may call */
function statusOf({ from, to, authorization }: Caller, path: string, token: string): number {
  try {
    const socket = { remoteAddress: from, localAddress: to } as Socket;
    checkAccess({ headers: authorization === undefined ? {} : { authorization }, socket }, path, token);
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
  return 200;
}

const outside = { from: '10.0.0.9', to: '10.0.0.5' };

describe('without a token', () => {
  test.each([
    ['/livez', 200],
    ['/readyz', 200],
    ['/metrics', 200],
    ['/workers', 401],
    ['/reload', 401],
    ['/nowhere', 401],
  ])('another machine that requests %s gets %i', (path, status) => {
    expect(statusOf(outside, path, '')).toBe(status);
    expect(statusOf({ from: '::ffff:10.0.0.9', to: '::ffff:10.0.0.5' }, path, '')).toBe(status);
    expect(statusOf({ ...outside, authorization: 'Bearer ' }, path, '')).toBe(status);
  });

  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
    ['::1', '::1'],
    ['10.0.0.5', '10.0.0.5'],
  ])('this machine may call everything from %s', (from, to) => {
    expect(statusOf({ from, to }, '/reload', '')).toBe(200);
  });
});

describe.each([outside, { from: '127.0.0.1', to: '127.0.0.1' }])('with a token, from $from', (caller) => {
  test.each([
    ['/livez', 200],
    ['/readyz', 200],
    ['/metrics', 401],
    ['/workers', 401],
    ['/reload', 401],
  ])('%s gets %i without one', (path, status) => {
    expect(statusOf(caller, path, TOKEN)).toBe(status);
  });

  test.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER  ${TOKEN}`])('accepts %j', (authorization) => {
    expect(statusOf({ ...caller, authorization }, '/reload', TOKEN)).toBe(200);
  });

  test.each([
    TOKEN,
    'Bearer',
    'Bearer ',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN} `,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer ${TOKEN.replace('a', '\u0161')}`, // has the low byte of "a"
    `Bearer ${TOKEN},Bearer ${TOKEN}`,
  ])('rejects %j', (authorization) => {
    expect(statusOf({ ...caller, authorization }, '/reload', TOKEN)).toBe(401);
  });
});

test('a worker calls a wildcard address as the loopback address', () => {
  expect(reachable('http://0.0.0.0:3001')).toBe('http://127.0.0.1:3001');
  expect(reachable('http://[::]:3001')).toBe('http://[::1]:3001');
  expect(reachable('http://10.0.0.1:3001')).toBe('http://10.0.0.1:3001');
});

// With a primary: test/config/secret-file.test.ts
test('a single process requires its token', async () => {
  await using program = await Program.start({
    WORKERS: '0',
    MANAGEMENT_HOST: '0.0.0.0',
    MANAGEMENT_TOKEN: TOKEN,
  });
  const url = program.managementUrl.replace('0.0.0.0', '127.0.0.1');
  const rejected = await fetch(`${url}/workers`);
  expect(rejected.status).toBe(401);
  expect(rejected.headers.get('www-authenticate')).toBe('Bearer realm="management"');
  expect(rejected.headers.get('content-type')).toBe('application/problem+json');
  expect(await rejected.json()).toMatchObject({ code: 'unauthorized', status: 401 });
  const get = (token: string) => fetch(`${url}/workers`, { headers: { authorization: `Bearer ${token}` } });
  expect((await get(`${TOKEN}x`)).headers.get('www-authenticate')).toContain('error="invalid_token"');
  expect((await get(TOKEN)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});
