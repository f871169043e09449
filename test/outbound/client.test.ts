import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openOutbound, outcomeOf, serve, serveRaw } from './service.ts';

const json = { 'Content-Type': 'application/json' };
const response = z.object({ id: z.number() });
const KB = 1_000;

describe('a response', () => {
  test.each([
    ['identity', (body: string) => Buffer.from(body)],
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ])('in %s is decompressed and parsed by its schema', async (coding, encode) => {
    await using server = await serve((_req, res) => {
      res.writeHead(200, { ...json, 'Content-Encoding': coding }).end(encode('{"id":1,"more":2}'));
    });
    await using outbound = openOutbound();
    const { body } = await outbound.client().request(server.url, { response });
    expect(body).toEqual({ id: 1 });
  });

  const bomb = Buffer.alloc(10_000 * KB, ' ');
  const nothing = gzipSync('');
  test.each([
    ['too large', {}, Buffer.alloc(101 * KB, ' '), 'too-large'],
    ['a bomb in gzip', { 'Content-Encoding': 'gzip' }, gzipSync(bomb), 'too-large'],
    ['a bomb in brotli', { 'Content-Encoding': 'br' }, brotliCompressSync(bomb), 'too-large'],
    ['a bomb in zstd', { 'Content-Encoding': 'zstd' }, zstdCompressSync(bomb), 'too-large'],
    [
      'much that decompresses to nothing',
      { 'Content-Encoding': 'gzip' },
      Buffer.concat(Array.from({ length: 10_000 }, () => nothing)),
      'too-large',
    ],
    ['not what it says', { 'Content-Encoding': 'gzip' }, Buffer.from('{"id":1}'), 'content-type'],
    ['in two codings', { 'Content-Encoding': 'gzip, gzip' }, gzipSync(gzipSync('{"id":1}')), 'content-type'],
    ['HTML', { 'Content-Type': 'text/html' }, Buffer.from('{"id":1}'), 'content-type'],
    ['cut-off JSON', {}, Buffer.from('{"id":'), 'schema'],
    ['not UTF-8', {}, Buffer.from([0x22, 0xff, 0x22]), 'schema'],
    ['JSON with another shape', {}, Buffer.from('{"id":"secret"}'), 'schema'],
  ])('that is %s is refused', async (_what, headers, body, kind) => {
    await using server = await serve((_req, res) => res.writeHead(200, { ...json, ...headers }).end(body));
    await using outbound = openOutbound();
    const call = outbound.client({ maxBytes: 100 * KB }).request(server.url, { response });
    expect(await outcomeOf(call)).toBe(kind);
    expect(JSON.stringify(outbound.logged)).not.toContain('secret');
  });

  test('with another status is an error with that status, also with a body without end', async () => {
    await using server = await serve((_req, res) => {
      res.writeHead(404);
      const timer = setInterval(() => res.write(Buffer.alloc(16 * KB)), 1);
      res.on('close', () => clearInterval(timer));
    });
    await using outbound = openOutbound();
    expect(await outcomeOf(outbound.client().request(server.url, { response }))).toBe('status 404');
  });

  test('whose headers are larger than 16 KB is refused', async () => {
    await using server = await serve((_req, res) =>
      res.writeHead(200, { 'X-Large': 'x'.repeat(20 * KB) }).end(),
    );
    await using outbound = openOutbound();
    expect(await outcomeOf(outbound.client({ maxAttempts: 1 }).request(server.url))).toBe('connection');
    expect(outbound.logged).toMatchObject([{ reason: 'UND_ERR_HEADERS_OVERFLOW' }]);
  });
});

describe('the time of a call', () => {
  const drip = (text: string) =>
    serveRaw((socket) => {
      let sent = 0;
      const timer = setInterval(() => socket.write(text[sent++] ?? 'x'), 10);
      socket.on('close', () => clearInterval(timer));
    });

  test.each([
    ['that never comes', ''],
    ['whose headers come byte by byte', 'HTTP/1.1 200 OK\r\nContent-Type: '],
    ['whose body comes byte by byte', 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n'],
  ])('ends with a response %s', async (_what, text) => {
    await using server = text === '' ? await serveRaw(() => undefined) : await drip(text);
    await using outbound = openOutbound();
    // Long enough for those headers, and not for more.
    const client = outbound.client({ timeoutMs: 700, attemptTimeoutMs: 400, maxAttempts: 2 });
    const startedAt = performance.now();
    expect(await outcomeOf(client.request(server.url, { response }))).toBe('timeout');
    expect(performance.now() - startedAt).toBeLessThan(10_000); // not the five minutes of a default
    expect(server.connections).toBe(2); // the second attempt got what was left
  });

  test('ends with the signal of the caller, also between two attempts', async () => {
    let requests = 0;
    await using server = await serve((_req, res) => {
      requests += 1;
      res.writeHead(503, { 'Retry-After': '5' }).end();
    });
    await using outbound = openOutbound();
    const leaving = new AbortController();
    const call = outbound.client().request(server.url, { signal: leaving.signal });
    await sleep(200);
    leaving.abort();
    expect(await outcomeOf(call)).toBe('AbortError');
    expect(requests).toBe(1);
  });
});

describe('a failed request', () => {
  const failing = async (status: number, headers: Record<string, string> = {}) => {
    let requests = 0;
    const keys = new Set<unknown>();
    const spans = new Set<unknown>();
    const server = await serve((req, res) => {
      requests += 1;
      keys.add(req.headers['idempotency-key']);
      spans.add(req.headers.traceparent);
      res.writeHead(status, headers).end();
    });
    return { server, keys, spans, count: () => requests };
  };

  test.each([
    ['GET', 503, {}, 3],
    ['PUT', 429, {}, 3],
    ['DELETE', 504, {}, 3],
    ['POST', 503, { idempotencyKey: 'a-key' }, 3],
    ['POST', 503, {}, 1],
    ['PATCH', 503, {}, 1],
    ['GET', 500, {}, 1],
    ['GET', 404, {}, 1],
  ] as const)('with %s and status %i is sent in total', async (method, status, options, times) => {
    const { server, keys, spans, count } = await failing(status);
    await using _server = server;
    await using outbound = openOutbound();
    let span = 0;
    const traceHeaders = () => ({ traceparent: `span-${(span += 1)}` });
    const call = outbound.client().request(server.url, { method, ...options, traceHeaders });
    expect(await outcomeOf(call)).toBe(`status ${status}`);
    expect(count()).toBe(times);
    expect(keys).toEqual(new Set([(options as { idempotencyKey?: string }).idempotencyKey]));
    expect(spans.size).toBe(times); // a span of its own for each attempt
  });

  test('is sent again when Retry-After says so, and not at all if that is too late', async () => {
    const at: number[] = [];
    await using server = await serve((req, res) => {
      at.push(performance.now());
      const seconds = req.url === '/late' ? '60' : '1';
      res.writeHead(at.length === 1 || req.url === '/late' ? 503 : 200, { 'Retry-After': seconds }).end();
    });
    await using outbound = openOutbound();
    const client = outbound.client();
    expect(await outcomeOf(client.request(server.url))).toBe('ok');
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(990);
    expect(await outcomeOf(client.request(`${server.url}/late`))).toBe('status 503');
    expect(at).toHaveLength(3);
  });

  test('is repeated for a share of the calls only while a service is down', async () => {
    const { server, count } = await failing(503);
    await using _server = server;
    // Without the breaker, which would end this earlier.
    await using outbound = openOutbound({
      limits: { breakerCalls: 1_000, retryReserve: 10, retryShare: 0.1 },
    });
    const client = outbound.client();
    for (let n = 0; n < 10; n += 1) {
      await Promise.all(Array.from({ length: 20 }, () => outcomeOf(client.request(server.url))));
    }
    // 200 calls; without a budget 600 requests.
    expect(count()).toBeGreaterThanOrEqual(210);
    expect(count()).toBeLessThanOrEqual(200 + 10 + 20);
    const retries = await outbound.readMetric('outbound_retries_total{client="test"}');
    expect(retries).toBe(count() - 200);
  });

  test('that an open circuit refuses is not logged each time', async () => {
    const { server } = await failing(500);
    await using _server = server;
    await using outbound = openOutbound({ limits: { breakerCalls: 2 } });
    for (let n = 0; n < 5; n += 1) await outcomeOf(outbound.client().request(server.url));
    expect(outbound.logged.map(({ event }) => event)).toEqual([
      'outbound-failed',
      'outbound-circuit-opened',
      'outbound-failed',
    ]);
    const metrics = await outbound.metrics.registry.metrics();
    expect(metrics).toContain('outcome="circuit-open"} 3');
  });

  test('is logged without the path, the query and the headers', async () => {
    const { server } = await failing(500);
    await using _server = server;
    await using outbound = openOutbound();
    const headers = { authorization: 'Bearer secret-header' };
    await outcomeOf(outbound.client().request(`${server.url}/secret-path?key=secret-query`, { headers }));
    expect(outbound.logged).toMatchObject([
      {
        event: 'outbound-failed',
        client: 'test',
        host: new URL(server.url).host,
        kind: 'status',
        status: 500,
      },
    ]);
    expect(JSON.stringify(outbound.logged)).not.toContain('secret');
    const metrics = await outbound.metrics.registry.metrics();
    expect(metrics).toContain('outbound_request_duration_seconds_count{client="test",outcome="500"} 1');
  });
});

describe('the circuit of an origin', () => {
  test('opens after failures, tries once, and closes when that succeeds', async () => {
    let status = 500;
    let requests = 0;
    await using server = await serve((_req, res) => {
      requests += 1;
      res.writeHead(status).end();
    });
    await using other = await serve((_req, res) => res.end());
    await using outbound = openOutbound({ limits: { breakerCalls: 5, openMs: 200 } });
    const call = () => outcomeOf(outbound.client().request(server.url));
    for (let n = 0; n < 5; n += 1) expect(await call()).toBe('status 500');
    for (let n = 0; n < 5; n += 1) expect(await call()).toBe('circuit-open');
    expect(requests).toBe(5);
    expect(await outcomeOf(outbound.client().request(other.url))).toBe('ok');
    expect(await outbound.readMetric('outbound_circuits_open')).toBe(1);

    await sleep(250);
    const trial = await Promise.all([call(), call(), call()]);
    expect(trial.toSorted()).toEqual(['circuit-open', 'circuit-open', 'status 500']);
    expect(requests).toBe(6);

    await sleep(250);
    status = 200;
    expect(await call()).toBe('ok');
    expect(await call()).toBe('ok');
    expect(await outbound.readMetric('outbound_circuits_open')).toBe(0);
    const events = outbound.logged.map(({ event }) => event);
    expect(events.filter((event) => event !== 'outbound-failed')).toEqual([
      'outbound-circuit-opened',
      'outbound-circuit-opened',
      'outbound-circuit-closed',
    ]);
  });

  test("of the operator's URL stays closed if a client's URL leads to a path that fails", async () => {
    await using server = await serve((req, res) => res.writeHead(req.url === '/broken' ? 500 : 200).end());
    await using outbound = openOutbound({
      limits: { breakerCalls: 3 },
      networks: ['127.0.0.1'],
      ports: [server.port],
    });
    for (let n = 0; n < 5; n += 1) {
      await outcomeOf(outbound.client({ urls: 'public' }).request(`${server.url}/broken`));
    }
    expect(await outcomeOf(outbound.client({ urls: 'public' }).request(server.url))).toBe('circuit-open');
    expect(await outcomeOf(outbound.client().request(server.url))).toBe('ok');
  });

  test('stays closed for responses that are refused, and for callers that give up', async () => {
    let requests = 0;
    await using server = await serve((req, res) => {
      requests += 1;
      if (req.url !== '/slow') res.writeHead(req.url === '/missing' ? 404 : 200, json).end('{}');
    });
    await using outbound = openOutbound({ limits: { breakerCalls: 5 } });
    const client = outbound.client();
    for (let n = 0; n < 8; n += 1) {
      expect(await outcomeOf(client.request(`${server.url}/missing`))).toBe('status 404');
      expect(await outcomeOf(client.request(server.url, { response }))).toBe('schema');
      const signal = AbortSignal.timeout(20);
      expect(await outcomeOf(client.request(`${server.url}/slow`, { signal }))).toBe('TimeoutError');
    }
    expect(requests).toBe(24);
  });

  test('stays open if the caller of the one that tries gives up', async () => {
    let requests = 0;
    await using server = await serve((req, res) => {
      requests += 1;
      if (req.url !== '/slow') res.writeHead(500).end();
    });
    await using outbound = openOutbound({ limits: { breakerCalls: 2, openMs: 100 } });
    const client = outbound.client();
    for (let n = 0; n < 2; n += 1) await outcomeOf(client.request(server.url));
    await sleep(150);
    await outcomeOf(client.request(`${server.url}/slow`, { signal: AbortSignal.timeout(20) }));
    expect(await outcomeOf(client.request(server.url))).toBe('circuit-open');
    expect(requests).toBe(3);
  });
});

describe('calls at once', () => {
  test('are limited, and so are the connections', async () => {
    const waiting: (() => void)[] = [];
    await using server = await serve((_req, res) => waiting.push(() => res.end()));
    await using outbound = openOutbound({ limits: { maxInFlight: 40 } });
    const client = outbound.client();
    const calls = Array.from({ length: 50 }, () => outcomeOf(client.request(server.url)));
    while (waiting.length < 32) await sleep(10);
    await sleep(100);
    expect(server.connections).toBe(32);
    const timer = setInterval(() => waiting.shift()?.(), 1);
    const outcomes = await Promise.all(calls);
    clearInterval(timer);
    expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(40);
  });

  test('that are idle are closed at shutdown', async () => {
    await using server = await serve((_req, res) => res.end());
    const outbound = openOutbound();
    await outcomeOf(outbound.client().request(server.url));
    await outbound[Symbol.asyncDispose]();
    expect(await outcomeOf(outbound.client({ maxAttempts: 1 }).request(server.url))).toBe('connection');
  });
});
