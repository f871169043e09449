import { expect, test } from '@jest/globals';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';
import { linesOf, probe } from './probe-feature.ts';

const service = await useTestApp({ features: [probe] });

test('logs one line per request, with the route pattern and without query or headers', async () => {
  await service.client
    .get('/probe/small?x=secret')
    .set('X-Request-Id', 'log1')
    .set('Authorization', 'Bearer secret');
  await service.client.get('/nowhere').set('X-Request-Id', 'log2');
  expect(linesOf(service, 'log1').filter((line) => line['event'] === 'request')).toEqual([
    expect.objectContaining({ method: 'GET', path: '/probe/small', route: '/probe/small', status: 400 }),
  ]);
  expect(linesOf(service, 'log2')[0]).toMatchObject({ path: '/nowhere', status: 404 });
  expect(JSON.stringify(linesOf(service, 'log1'))).not.toContain('secret');
});

test('logs 499 for a client that disconnects, and aborts its handler', async () => {
  const abort = new AbortController();
  const server = service.app.listen(0);
  try {
    const { port } = server.address() as { port: number };
    const response = fetch(`http://127.0.0.1:${port}/probe/endless`, {
      headers: { 'X-Request-Id': 'gone' },
      signal: abort.signal,
    }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    abort.abort();
    await response;
    await until('the log line', () => linesOf(service, 'gone').length > 0 || undefined);
  } finally {
    server.close();
  }
  expect(linesOf(service, 'gone')).toEqual([expect.objectContaining({ event: 'request', status: 499 })]);
});
