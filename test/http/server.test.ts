import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { z } from 'zod';
import { readConfig } from '../../src/config/read.ts';
import { defineRoute, type Feature } from '../../src/http/feature.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { HttpServer, toOriginForm } from '../../src/http/server.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { testEnvironment } from '../support/environment.ts';
import { probe } from '../support/probe-features.ts';
import { until } from '../support/program.ts';

describe('a request target', () => {
  test.each([
    ['http://me:secret@host/path?x=1', '/path?x=1'],
    ['HTTP://host', '/'],
    ['https://host?x=1', '/?x=1'],
    ['http://host//other/..', '//other/..'],
    ['ftp://me:secret@host/path', '/path'],
    ['*', '*'],
  ])('%s is served as %s', (target, served) => {
    expect(toOriginForm(target)).toBe(served);
  });
});

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const neverAborted = new AbortController().signal;

/** Reads a body. */
const reader: Feature = {
  id: 'reader',
  base: '/reader',
  title: 'Reader',
  summary: 'Reads.',
  routes: [
    defineRoute({
      method: 'post',
      path: '/body',
      summary: 'Reads a body',
      body: z.object({}),
      response: z.object({}),
      examples: [{ title: 'A body', body: {} }],
      handler: () => ({}),
    }),
    defineRoute({
      method: 'post',
      path: '/echo',
      summary: 'Gives back a body as it comes',
      body: { mediaType: '*/*', maxBytes: 1_000_000, description: 'Anything' },
      response: { mediaType: 'text/plain', description: 'The same' },
      examples: [{ title: 'A body' }],
      async handler({ req, res }) {
        res.set('Cache-Control', 'no-transform').flushHeaders();
        for await (const chunk of req) res.write(chunk);
        res.end();
      },
    }),
  ],
};
const post = (headers: string, body = '') =>
  `POST /reader/body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n\r\n${body}`;

/** A server of its own, on a free port. */
async function serve(env: Readonly<Record<string, string>> = {}) {
  const inFlight = new InFlight();
  const service: TestApp = await createTestApp({ features: [probe, reader], inFlight });
  const logged: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) });
  const config = readConfig({
    ...testEnvironment,
    PORT: '0',
    SHUTDOWN_SETTLE_MS: '0',
    TRUST_PROXY: 'loopback',
    ...env,
  });
  const { app, metrics } = service;
  const server = new HttpServer({ config, clustered: false, app, inFlight, log, metrics });
  const { hostname, port } = new URL(await server.listen());
  return {
    inFlight,
    logged,
    /** The lines of the layers. */
    requests: () => service.logged.filter(({ event }) => event === 'request'),
    metrics,
    server,
    hostname,
    port: Number(port),
    async connect(): Promise<Socket> {
      const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }).setNoDelay();
      await once(socket, 'connect');
      return socket;
    },
    /** @returns all that is answered until the connection ends */
    async raw(...packets: readonly string[]): Promise<string> {
      const socket = connect(Number(port), hostname).setNoDelay();
      const answers = text(socket);
      for (const packet of packets) {
        socket.write(packet);
        await sleep(20);
      }
      return answers;
    },
    async [Symbol.asyncDispose]() {
      await server.drain({ keepListening: false }, neverAborted);
      await service[Symbol.asyncDispose]();
    },
  };
}

describe('what is no request', () => {
  let served: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    served = await serve();
  });
  afterAll(() => served[Symbol.asyncDispose]());

  test('gets a problem, a line in the log and a count, with nothing of what was sent', async () => {
    const answer = await served.raw('GARBAGE secret\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('X-Content-Type-Options: nosniff');
    const [, requestId] = /"requestId":"([^"]+)"/.exec(answer) ?? [];
    const lines = served.logged.filter((line) => line['requestId'] === requestId);
    expect(lines).toEqual([expect.objectContaining({ event: 'request-unreadable', status: 400 })]);
    expect(JSON.stringify(lines)).not.toContain('secret');
    expect(await served.metrics.registry.metrics()).toMatch(
      /http_requests_unreadable_total\{code="HPE_\w+"\} 1/,
    );
  });

  test('waits for its turn behind what was asked for before it on the same connection', async () => {
    const answers = await served.raw(`${get('/probe/slow?ms=300')}GARBAGE\r\n\r\n`);
    expect(answers.match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['200', '400']);
    expect(answers.indexOf('waitedMs')).toBeLessThan(answers.indexOf('bad-request'));
  });

  test('is refused once, however often more of it comes', async () => {
    const before = served.logged.length;
    const answers = await served.raw(get('/probe/slow?ms=500'), ...'GARBAGE'.split(''));
    expect(answers.match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['200', '400']);
    expect(served.logged.length - before).toBe(1);
  });

  test.each([
    ['two hosts', 'GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\nConnection: close\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['an expectation', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\nConnection: close\r\n\r\n', 417],
  ])('%s are refused by a layer as any request', async (_what, request, status) => {
    const answer = await served.raw(request);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/^Content-Type: application\/problem\+json/im);
    expect(answer).toMatch(/^X-Request-Id: /im);
  });
});

test.each([
  ['headers that are too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['headers that do not come', 'GET / HTTP/1.1\r\nHost:', 408],
])('%s have an answer of their own', async (_what, request, status) => {
  await using served = await serve({ HEADERS_TIMEOUT_MS: '100' });
  expect(await served.raw(request)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(served.logged).toEqual([expect.objectContaining({ event: 'request-unreadable', status })]);
});

test('a client that resets its connection has sent nothing that cannot be read', async () => {
  await using served = await serve();
  const socket = connect(served.port, served.hostname);
  socket.write('GET / HTTP/1.1\r\nHost:');
  await until('the connection', () => (served.server.connections === 1 ? true : undefined));
  socket.resetAndDestroy();
  await until('its end', () => (served.server.connections === 0 ? true : undefined));
  expect(served.logged).toEqual([]);
});

test('a body that cannot be read cuts an answer that has begun, and nothing is written into it', async () => {
  await using served = await serve();
  const head = 'POST /reader/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
  const answer = await served.raw(`${head}5\r\nfirst\r\n`, 'ZZ\r\n').catch(String);
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).toMatch(/first\r\n$/);
});

test('a body that cannot be read is one request, with one id', async () => {
  await using served = await serve();
  const answer = await served.raw(post('Transfer-Encoding: chunked', 'ZZ\r\n'));
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  const [, requestId] = /"requestId":"([^"]+)"/.exec(answer) ?? [];
  expect(served.logged).toEqual([expect.objectContaining({ event: 'request-unreadable', requestId })]);
  await until('its line', () => (served.requests().length > 0 ? true : undefined));
  expect(served.requests()).toEqual([expect.objectContaining({ requestId, status: 400, cut: true })]);
});

describe('a request that is answered before its body has come', () => {
  const refused = post('Content-Type: text/plain\r\nContent-Length: 5').replace(
    /Content-Type: .+json\r\n/,
    '',
  );
  /** Sends this, and then more once all answers to it have come; ends its side, and reads to the end of the other. */
  async function sendOn(
    served: Awaited<ReturnType<typeof serve>>,
    asked: string,
    statuses: string[],
    more: string,
  ) {
    const socket = await served.connect();
    let answers = '';
    socket.setEncoding('latin1').on('data', (part: string) => (answers += part));
    const seen = () => answers.match(/(?<=HTTP\/1.1 )\d+/g) ?? [];
    socket.write(asked);
    await until('the answers', () => (seen().length === statuses.length ? true : undefined));
    socket.end(more);
    await once(socket, 'close');
    return seen();
  }

  test.each([
    ['a client that leaves', refused, ['415'], ''],
    ['a rest that is cut short', refused, ['415'], 'hel'],
    ['one that was asked for last', get('/probe/quick') + refused, ['200', '415'], 'hel'],
  ])('is over: %s is nothing unreadable', async (_what, asked, statuses, more) => {
    await using served = await serve();
    expect(await sendOn(served, asked, statuses, more)).toEqual(statuses);
    expect(served.logged).toEqual([]);
    expect(await served.metrics.registry.metrics()).not.toMatch(/http_requests_unreadable_total\{/);
  });

  test('and that waits for its turn is answered, though its client says no more', async () => {
    await using served = await serve();
    expect(await sendOn(served, get('/probe/slow?ms=300') + refused, [], 'hel')).toEqual(['200', '415']);
    expect(served.logged).toEqual([]);
  });

  test('but what comes after its body is another one', async () => {
    await using served = await serve();
    expect(await sendOn(served, refused, ['415'], 'helloGARBAGE\r\n\r\n')).toEqual(['415', '400']);
    expect(served.logged).toEqual([expect.objectContaining({ event: 'request-unreadable' })]);
  });
});

test('a body that says that it is too large is refused before it comes', async () => {
  await using served = await serve();
  const answer = await served.raw(post('Content-Length: 9999999\r\nConnection: close'));
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
});

test('a body that is not there at the deadline of a stop is cut by this side', async () => {
  const served = await serve();
  const asked = served.raw(post('Content-Length: 100', '{'));
  await until('it to be in flight', () => (served.inFlight.size === 1 ? true : undefined));
  await served.server.drain({ keepListening: false }, AbortSignal.timeout(50));
  expect(await asked).toBe('');
  expect(served.requests()).toEqual([expect.objectContaining({ status: 503, cut: true })]);
  await served[Symbol.asyncDispose]();
});

test('a drain answers those that wait for a busy event loop to accept them', async () => {
  const served = await serve();
  const asked = Array.from({ length: 20 }, () =>
    served.raw('GET /probe/blocking?ms=50 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
  );
  await until('the first to be served', () => (served.inFlight.total > 0 ? true : undefined));
  await served.server.drain({ keepListening: true }, neverAborted);
  const answers = await Promise.all(asked);
  expect(answers.map((answer) => answer.slice(9, 12))).toEqual(Array(20).fill('200'));
  await served[Symbol.asyncDispose]();
});

test('a drain gives a connection that was just accepted the time to say what it wants', async () => {
  const served = await serve();
  const socket = connect(served.port, served.hostname);
  const answer = text(socket);
  await until('the connection', () => (served.server.connections === 1 ? true : undefined));
  const drained = served.server.drain({ keepListening: true }, neverAborted);
  await sleep(20);
  socket.write(get('/probe/quick'));
  expect(await answer).toMatch(/^HTTP\/1.1 200 /);
  await drained;
  await served[Symbol.asyncDispose]();
});

test('a drain refuses new connections and ends silent ones while a request still runs', async () => {
  const served = await serve({ HEADERS_TIMEOUT_MS: '300000' }); // which would end the silent ones as well
  const silent = connect(served.port, served.hostname).resume();
  const ended = once(silent, 'end');
  const asked = served.raw(get('/probe/slow?ms=60000'));
  await until('the request to be in flight', () => (served.inFlight.size === 1 ? true : undefined));
  const deadline = new AbortController();
  const drained = served.server.drain({ keepListening: true }, deadline.signal);
  await ended;
  const late = connect(served.port, served.hostname);
  await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(served.inFlight.size).toBe(1);
  deadline.abort();
  await drained;
  expect(await asked).toBe('');
  await served[Symbol.asyncDispose]();
});

test('a drain answers what was asked for in turn, also what is written already and waits', async () => {
  const served = await serve();
  const asked = served.raw(get('/probe/slow?ms=500') + get('/probe/quick'));
  await until('both to be in flight', () => (served.inFlight.size === 2 ? true : undefined));
  await sleep(50);
  await served[Symbol.asyncDispose]();
  expect((await asked).match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['200', '200']);
});

test('a drain answers all that was asked for on one connection, and says with the last that it closes', async () => {
  const served = await serve();
  const asked = served.raw(get('/probe/slow?ms=300') + get('/probe/slow?ms=600'));
  await until('both to be in flight', () => (served.inFlight.size === 2 ? true : undefined));
  await served[Symbol.asyncDispose]();
  const answers = await asked;
  expect(answers.match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['200', '200']);
  expect(answers.match(/^Connection: .+$/gim)?.map((line) => line.toLowerCase())).toEqual([
    'connection: keep-alive',
    'connection: close',
  ]);
});
