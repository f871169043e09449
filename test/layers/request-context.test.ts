import { expect, test } from '@jest/globals';
import { useTestApp } from '../support/use-test-app.ts';
import { linesOf, probe } from './probe-feature.ts';

const service = await useTestApp({ features: [probe] });

test('keeps a valid request id and adds it to every log line of the request', async () => {
  const response = await service.client.get('/probe/small').set('X-Request-Id', 'abc-123._Z');
  expect(response.headers['x-request-id']).toBe('abc-123._Z');
  expect(linesOf(service, 'abc-123._Z').map((line) => line['msg'])).toEqual(['from the handler', 'request']);
});

test.each(['a b', 'x'.repeat(129), '{"$":1}', 'é'])('replaces the invalid request id %j', async (id) => {
  const response = await service.client
    .get('/probe/small')
    .set('X-Request-Id', Buffer.from(id).toString('latin1'));
  expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('continues a valid trace and begins a new one otherwise', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  await service.client
    .get('/probe/small')
    .set('X-Request-Id', 't1')
    .set('traceparent', `00-${traceId}-00f067aa0ba902b7-01`);
  await service.client
    .get('/probe/small')
    .set('X-Request-Id', 't2')
    .set('traceparent', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`);
  expect(linesOf(service, 't1')[0]).toMatchObject({ traceId, parentId: '00f067aa0ba902b7' });
  expect(linesOf(service, 't2')[0]?.['traceId']).toMatch(/^[0-9a-f]{32}$/);
  expect(linesOf(service, 't2')[0]?.['traceId']).not.toBe('0'.repeat(32));
});
