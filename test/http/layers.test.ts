import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute, type Feature } from '../../src/http/feature.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

/** A feature that does what the layers must cope with. */
const probe: Feature = {
  id: 'probe',
  base: '/probe',
  title: 'Probe',
  summary: 'For these tests.',
  routes: [
    defineRoute({
      method: 'get',
      path: '/large',
      summary: 'A large answer.',
      response: z.object({ text: z.string() }),
      examples: [{ title: 'Large' }],
      handler: () => ({ text: 'abc '.repeat(5_000) }),
    }),
    defineRoute({
      method: 'get',
      path: '/tagged',
      summary: 'A large answer with a tag.',
      query: z.strictObject({ tag: z.string() }),
      response: z.object({ text: z.string() }),
      examples: [{ title: 'Tagged', query: { tag: '"1"' } }],
      handler: ({ query: { tag }, res }) => {
        res.set('ETag', tag);
        return { text: 'abc '.repeat(5_000) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/small',
      summary: 'A small answer.',
      response: z.object({ ok: z.boolean() }),
      examples: [{ title: 'Small' }],
      handler: ({ log }) => {
        log.info('from the handler');
        return { ok: true };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/endless',
      summary: 'An answer that never comes.',
      response: z.object({}),
      examples: [{ title: 'Endless' }],
      handler: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    }),
    defineRoute({
      method: 'get',
      path: '/address',
      summary: 'Who asks.',
      response: z.object({ ip: z.string().optional(), secure: z.boolean() }),
      examples: [{ title: 'Address' }],
      handler: ({ req }) => ({ ip: req.ip, secure: req.secure }),
    }),
  ],
};

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ features: [probe] });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

function linesOf(requestId: string | undefined): Record<string, unknown>[] {
  return service.logged.filter((line) => line['requestId'] === requestId);
}

describe('request context', () => {
  test('keeps a valid request id from outside and puts it into every log line of the request', async () => {
    const response = await service.client.get('/probe/small').set('X-Request-Id', 'abc-123._Z');
    expect(response.headers['x-request-id']).toBe('abc-123._Z');
    expect(linesOf('abc-123._Z').map((line) => line['msg'])).toEqual(['from the handler', 'request']);
  });

  test.each(['a b', 'x'.repeat(129), '{"$":1}', 'é'])('replaces the request id %j', async (id) => {
    const response = await service.client
      .get('/probe/small')
      .set('X-Request-Id', Buffer.from(id).toString('latin1'));
    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('continues a trace, and begins one where the header is not valid', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await service.client
      .get('/probe/small')
      .set('X-Request-Id', 't1')
      .set('traceparent', `00-${traceId}-00f067aa0ba902b7-01`);
    await service.client
      .get('/probe/small')
      .set('X-Request-Id', 't2')
      .set('traceparent', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`);
    expect(linesOf('t1')[0]).toMatchObject({ traceId, parentId: '00f067aa0ba902b7' });
    expect(linesOf('t2')[0]?.['traceId']).toMatch(/^[0-9a-f]{32}$/);
    expect(linesOf('t2')[0]?.['traceId']).not.toBe('0'.repeat(32));
  });
});

describe('access log', () => {
  test('is one line a request, with the pattern of the route and without the query', async () => {
    await service.client
      .get('/probe/small?x=secret')
      .set('X-Request-Id', 'log1')
      .set('Authorization', 'Bearer secret');
    await service.client.get('/nowhere').set('X-Request-Id', 'log2');
    expect(linesOf('log1').filter((line) => line['event'] === 'request')).toEqual([
      expect.objectContaining({ method: 'GET', path: '/probe/small', route: '/probe/small', status: 400 }),
    ]);
    expect(linesOf('log2')[0]).toMatchObject({ path: '/nowhere', status: 404 });
    expect(JSON.stringify(linesOf('log1'))).not.toContain('secret');
  });

  test('records a client that left as 499, and its handler is told', async () => {
    const abort = new AbortController();
    const server = service.app.listen(0);
    try {
      const { port } = server.address() as { port: number };
      const asked = fetch(`http://127.0.0.1:${port}/probe/endless`, {
        headers: { 'X-Request-Id': 'left' },
        signal: abort.signal,
      }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
      abort.abort();
      await asked;
      for (let i = 0; i < 100 && linesOf('left').length === 0; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } finally {
      server.close();
    }
    expect(linesOf('left')).toEqual([expect.objectContaining({ event: 'request', status: 499 })]);
  });
});

describe('security', () => {
  test('sets a policy of our own on every answer, also on errors', async () => {
    for (const path of ['/probe/small', '/nowhere', '/livez']) {
      const { headers } = await service.client.get(path);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'self'");
      expect(policy).not.toContain('unsafe-inline');
      expect(policy).not.toContain('upgrade-insecure-requests');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['strict-transport-security']).toBeUndefined();
    }
  });

  test('believes forwarding headers from trusted networks only', async () => {
    const forwarded = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' };
    const direct = await service.client.get('/probe/address').set(forwarded);
    expect(direct.body).toMatchObject({ secure: false });
    expect((direct.body as { ip: string }).ip).not.toBe('203.0.113.7');

    await using trusting = await createTestApp({ features: [probe], env: { TRUST_PROXY: 'loopback' } });
    const behind = await trusting.client.get('/probe/address').set(forwarded);
    expect(behind.body).toEqual({ ip: '203.0.113.7', secure: true });
    expect(behind.headers['strict-transport-security']).toContain('max-age=');
  });
});

describe('compression', () => {
  test.each(['br', 'gzip', 'deflate'])('compresses a large answer with %s', async (encoding) => {
    const response = await service.client.get('/probe/large').set('Accept-Encoding', encoding);
    expect(response.headers['content-encoding']).toBe(encoding);
    expect(response.headers['vary']).toContain('Accept-Encoding');
  });

  test.each([
    ['leaves the bytes that a strong tag stands for', '"1"', undefined],
    ['compresses what has a weak tag', 'W/"1"', 'gzip'],
  ])('%s', async (_what, tag, encoding) => {
    const response = await service.client
      .get('/probe/tagged')
      .query({ tag })
      .set('Accept-Encoding', 'gzip')
      .expect('ETag', tag);
    expect(response.headers['content-encoding']).toBe(encoding);
  });

  test('leaves a small answer as it is', async () => {
    const response = await service.client.get('/probe/small').set('Accept-Encoding', 'gzip');
    expect(response.headers['content-encoding']).toBeUndefined();
  });
});

describe('rate limit', () => {
  test('refuses what is over the limit, says when to come back, and never refuses a probe', async () => {
    await using limited = await createTestApp({ features: [probe], env: { RATE_LIMIT_MAX: '3' } });
    for (let i = 0; i < 3; i += 1) await limited.client.get('/probe/small').expect(200);
    const refused = await limited.client.get('/probe/small');
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({ code: 'rate-limited' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers['ratelimit']).toMatch(/^"client"; r=0; t=\d+$/);
    expect(refused.headers['ratelimit-policy']).toContain('q=3');
    await limited.client.get('/livez').expect(200);
    await limited.client.get('/readyz').expect(200);
  });

  test('refuses a client that is over it also where this worker has more in flight than it may', async () => {
    const inFlight = Object.assign(new InFlight(), { add: () => undefined });
    Object.defineProperty(inFlight, 'size', { value: 11 });
    const env = { RATE_LIMIT_MAX: '1', MAX_REQUESTS_IN_FLIGHT: '10' };
    await using limited = await createTestApp({ features: [probe], inFlight, env });
    await limited.client.get('/probe/small').expect(503);
    await limited.client.get('/probe/small').expect(429);
  });

  test('takes a client for the same whatever port its proxy names, and so does the log', async () => {
    const env = { RATE_LIMIT_MAX: '2', TRUST_PROXY: 'loopback' };
    await using limited = await createTestApp({ features: [probe], env });
    const ask = (address: string) => limited.client.get('/probe/small').set('X-Forwarded-For', address);
    await ask('203.0.113.7:1').expect(200);
    await ask('203.0.113.7:2').expect(200);
    await ask('203.0.113.7:3').expect(429);
    await ask('203.0.113.8:3').expect(200);
    const addresses = limited.logged.filter(({ event }) => event === 'request').map(({ ip }) => ip);
    expect(addresses).toEqual([...Array<string>(3).fill('203.0.113.7'), '203.0.113.8']);
  });

  test('tells each of several requests that are counted in one turn its own count', async () => {
    await using limited = await createTestApp({ features: [probe], env: { RATE_LIMIT_MAX: '3' } });
    const server = limited.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const lines = (last: boolean) =>
      `GET /probe/small HTTP/1.1\r\nHost: a\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
    socket.write(lines(false).repeat(3) + lines(true));
    const answers = await text(socket);
    server.close();
    expect(answers.match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['200', '200', '200', '429']);
  });
});

/** As `probe`, but each request takes its time. */
const slowProbe: Feature = {
  ...probe,
  id: 'slow-probe',
  base: '/slow-probe',
  routes: [
    defineRoute({
      method: 'get',
      path: '/wait',
      summary: 'Waits',
      response: z.object({}),
      examples: [{ title: 'Wait' }],
      async handler() {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return {};
      },
    }),
  ],
};

describe('overload', () => {
  const eventLoop = { utilization: 1, meanDelayMs: 20, p99DelayMs: 0, maxDelayMs: 0 };

  test('sheds requests beyond what may be in flight, but never probes', async () => {
    const inFlight = Object.assign(new InFlight(), { add: () => undefined });
    Object.defineProperty(inFlight, 'size', { value: 11 });
    await using full = await createTestApp({
      features: [probe],
      inFlight,
      env: { MAX_REQUESTS_IN_FLIGHT: '10' },
    });
    const shed = await full.client.get('/probe/small');
    expect(shed.status).toBe(503);
    expect(shed.body).toMatchObject({ code: 'overloaded' });
    expect(shed.headers['retry-after']).toBe('1');
    await full.client.get('/livez').expect(200);
    expect(await full.metrics.registry.metrics()).toContain('http_requests_shed_total{by="in-flight"} 1');
  });

  test('serves while it is busy and the queue is short', async () => {
    await using used = await createTestApp({
      features: [probe],
      vitals: { eventLoop },
      env: { OVERLOAD_MAX_DELAY_MS: '500' },
    });
    await used.client.get('/probe/small').expect(200);
  });

  test('sheds what would wait behind too many others while it is busy', async () => {
    await using busy = await createTestApp({
      features: [slowProbe],
      vitals: { eventLoop },
      env: { OVERLOAD_MAX_DELAY_MS: '500' },
    });
    const answers = await Promise.all(Array.from({ length: 80 }, () => busy.client.get('/slow-probe/wait')));
    const shed = answers.filter(({ status }) => status === 503);
    expect(shed.length).toBeGreaterThan(0);
    expect(shed.every(({ headers }) => headers['retry-after'] === '1')).toBe(true);
    expect(answers.filter(({ status }) => status === 200).length).toBe(80 - shed.length);
    expect(await busy.metrics.registry.metrics()).toContain(
      `http_requests_shed_total{by="event-loop"} ${shed.length}`,
    );
  });
});

describe('metrics', () => {
  test('count a request by the pattern of its route, its method and its status', async () => {
    await service.client.get('/probe/small').expect(200);
    await service.client.post('/problems').expect(405);
    await service.client.get('/not/there').expect(404);
    const text = await service.metrics.registry.metrics();
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/probe\/small",status="200"\} [1-9]/,
    );
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="POST",route="\/problems",status="405"\} [1-9]/,
    );
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="none",status="404"\} [1-9]/,
    );
    expect(text).not.toContain('/not/there');
  });
});

describe('health', () => {
  test('is not ready while draining, but alive', async () => {
    await using draining = await createTestApp({ features: [] });
    await draining.client.get('/readyz').expect(200, { status: 'ready' });
    await draining.lifecycle.stop({ reason: 'test', exitCode: 0, keepListening: true });
    await draining.client.get('/readyz').expect(503, { status: 'draining' });
    await draining.client.get('/livez').expect(200);
  });

  test('is not ready while something a feature depends on is gone, or does not answer', async () => {
    let broken = true;
    let asked = 0;
    await using service = await createTestApp({
      features: [],
      beside: {
        checks: {
          database() {
            asked += 1;
            if (broken) throw new Error('gone');
          },
          queue: () => (broken ? new Promise(() => undefined) : Promise.resolve()),
        },
      },
    });
    const answers = await Promise.all([1, 2, 3].map(() => service.client.get('/readyz')));
    for (const { status, body } of answers) {
      expect(status).toBe(503);
      expect(body).toEqual({ status: 'unavailable', failing: ['database', 'queue'] });
    }
    expect(asked).toBe(1);
    await service.client.get('/livez').expect(200);

    broken = false;
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await service.client.get('/readyz').expect(200, { status: 'ready' });
  });
});
