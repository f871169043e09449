import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute, type Call } from '../../src/routes/route.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const TIMEOUT_MS = 100;
const common = {
  method: 'get',
  title: 'Take long',
  summary: 'For these tests.',
  response: z.strictObject({ ok: z.boolean() }),
  examples: [{ title: 'An example' }],
} as const;

const reasons: unknown[] = [];
/** Takes three times as long as it may, and notes why it was aborted. */
async function takeLong({ signal }: Pick<Call, 'signal'>) {
  signal.addEventListener('abort', () => reasons.push(signal.reason));
  await sleep(3 * TIMEOUT_MS);
  return { ok: true };
}

const never = new Promise<never>(() => undefined);
const routes = [
  defineRoute({ ...common, path: '/long', handler: takeLong }),
  defineRoute({ ...common, path: '/never', handler: () => never }),
  defineRoute({
    ...common,
    path: '/late-failure',
    handler: async () =>
      sleep(2 * TIMEOUT_MS).then(() => {
        throw new Error('too late');
      }),
  }),
  defineRoute({ ...common, path: '/own', timeoutMs: 10 * TIMEOUT_MS, handler: takeLong }),
  defineRoute({ ...common, path: '/unlimited', timeoutMs: 0, handler: takeLong }),
  defineRoute({
    ...common,
    path: '/stream',
    response: { mediaType: 'text/plain', description: 'Text' },
    async handler({ res }) {
      await sleep(3 * TIMEOUT_MS);
      res.type('text').end('late');
    },
  }),
  defineRoute({
    ...common,
    path: '/begun',
    async handler({ res }) {
      res.type('json').write('{');
      await sleep(3 * TIMEOUT_MS);
      res.end('"ok":true}');
      return { ok: true };
    },
  }),
];
const service = await useTestApp({
  env: { HANDLER_TIMEOUT_MS: String(TIMEOUT_MS) },
  features: [
    { id: 'slow', base: '/slow', title: 'Slow', summary: 'For these tests.', guard: 'public', routes },
  ],
});

test('a handler that takes too long is aborted, and its client gets a 504', async () => {
  const response = await service.client.get('/slow/long').expect(504);
  expect(response.body).toMatchObject({
    code: 'handler-timeout',
    detail: 'There was no response within 100 ms.',
  });
  expect(reasons).toEqual([expect.objectContaining({ code: 'handler-timeout' })]);
  expect(service.logged.filter(({ event }) => event === 'handler-timeout')).toHaveLength(1);
  const metrics = await service.metrics.registry.metrics();
  expect(metrics).toMatch(/http_request_duration_seconds_count\{[^}]*status="504"[^}]*\} 1/);
});

test('one that never settles, or fails later, gets the same', async () => {
  await service.client.get('/slow/never').expect(504);
  await service.client.get('/slow/late-failure').expect(504);
  await sleep(2 * TIMEOUT_MS);
  expect(service.logged.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
});

test('a route may have a time of its own, or none', async () => {
  await service.client.get('/slow/own').expect(200);
  await service.client.get('/slow/unlimited').expect(200);
});

test('a stream has none, nor has a response that has begun', async () => {
  expect((await service.client.get('/slow/stream').expect(200)).text).toBe('late');
  expect((await service.client.get('/slow/begun').expect(200)).body).toEqual({ ok: true });
});

test('a client that disconnects first leaves no timer that fires', async () => {
  const before = service.logged.length;
  const request = service.client.get('/slow/long').timeout(TIMEOUT_MS / 2);
  await expect(request).rejects.toThrow('Timeout');
  await until('the line of the request', () => (service.logged.length > before ? true : undefined));
  await sleep(3 * TIMEOUT_MS);
  expect(service.logged.filter(({ event }) => event === 'handler-timeout')).toHaveLength(3);
});
