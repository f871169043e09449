import { expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';
import { probe } from './probe-feature.ts';

/** Sends requests through 127.0.0.1, with and without forwarded headers. @returns the warnings */
async function warningsOf(env: Readonly<Record<string, string>>) {
  await using service = await createTestApp({ env, features: [probe] });
  await service.client.get('/probe/small').expect(200);
  for (const [name, value] of [
    ['X-Forwarded-For', '203.0.113.9'],
    ['Forwarded', 'for=203.0.113.9'],
  ] as const) {
    await service.client.get('/probe/small').set(name, value).expect(200);
  }
  return service.logged.filter(({ event }) => event === 'untrusted-proxy');
}

test('in production, forwarded headers from an address that is not trusted are reported once', async () => {
  const expected = [
    expect.objectContaining({ level: 'warn', address: expect.stringContaining('127.0.0.1') }),
  ];
  expect(await warningsOf({ NODE_ENV: 'production' })).toEqual(expected);
  expect(await warningsOf({ NODE_ENV: 'production', TRUST_PROXY: '10.0.0.0/8' })).toEqual(expected);
});

test('a trusted proxy is not reported, and none outside production', async () => {
  expect(await warningsOf({ NODE_ENV: 'production', TRUST_PROXY: '127.0.0.0/8' })).toEqual([]);
  expect(await warningsOf({})).toEqual([]);
});
