import { expect, test } from '@jest/globals';
import { identify } from '../../src/http/request-id.ts';
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

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
test.each([
  [`00-${TRACE}-${PARENT}-01`, true],
  [`00-${TRACE}-${PARENT}-00`, true],
  [`01-${TRACE}-${PARENT}-01`, true],
  [`cc-${TRACE}-${PARENT}-01-what-comes-later`, true],
  [`cc-${TRACE}-${PARENT}-01.what`, false],
  [`00-${TRACE}-${PARENT}-01-more`, false],
  [`00-${TRACE}-${PARENT}-01-`, false],
  [`ff-${TRACE}-${PARENT}-01`, false],
  [`00-${TRACE.toUpperCase()}-${PARENT}-01`, false],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, false],
  [`00-${TRACE.slice(1)}-${PARENT}-01`, false],
  [`00-${TRACE}-${PARENT}-1`, false],
  [`00-${TRACE}-${PARENT}-0x`, false],
  [`00-${TRACE}-${PARENT}`, false],
  [`0-${TRACE}-${PARENT}-01`, false],
  [`00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`, false],
  ['', false],
])('the trace of traceparent: %s is kept: %s', (traceparent, kept) => {
  const { traceId, parentId } = identify({ traceparent });
  expect(traceId === TRACE).toBe(kept);
  expect(parentId).toBe(kept ? PARENT : undefined);
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
});
