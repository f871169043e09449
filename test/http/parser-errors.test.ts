import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { until } from '../support/program.ts';
import { createTestServer, postJson, request, statusesIn, type TestServer } from './test-server.ts';

const requestIdIn = (response: string) => /"requestId":"([^"]+)"/.exec(response)?.[1];

describe('an unparsable request', () => {
  test('gets an error response, a log line and a count, and its bytes are not logged', async () => {
    await using server = await createTestServer();
    const response = await server.send('GARBAGE secret\r\n\r\n');
    expect(response).toMatch(/^HTTP\/1.1 400 /);
    expect(response).toContain('X-Content-Type-Options: nosniff');
    expect(response).toMatch(/^Content-Security-Policy: /m);
    expect(response).toMatch(/^Date: /m);
    const requestId = requestIdIn(response);
    const lines = server.logged.filter((line) => line['requestId'] === requestId);
    expect(lines).toEqual([expect.objectContaining({ event: 'parser-error', status: 400 })]);
    expect(JSON.stringify(lines)).not.toContain('secret');
    expect(await server.renderMetrics()).toMatch(/http_parser_errors_total\{code="HPE_\w+"\} 1/);
  });

  test('is rejected after the response to an earlier request on the same connection', async () => {
    await using server = await createTestServer();
    const received = await server.send(`${request('GET /probe/slow?ms=300')}GARBAGE\r\n\r\n`);
    expect(statusesIn(received)).toEqual(['200', '400']);
    expect(received.indexOf('waitedMs')).toBeLessThan(received.indexOf('bad-request'));
  });

  test('is rejected and logged once, even if it arrives in several packets', async () => {
    await using server = await createTestServer();
    const received = await server.send(request('GET /probe/slow?ms=500'), ...'GARBAGE'.split(''));
    expect(statusesIn(received)).toEqual(['200', '400']);
    expect(server.logged).toHaveLength(1);
  });

  test.each([
    ['headers over the limit', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['headers that do not arrive in time', 'GET / HTTP/1.1\r\nHost:', 408],
  ])('with %s has a status of its own', async (_what, sent, status) => {
    await using server = await createTestServer({ HEADERS_TIMEOUT_MS: '100' });
    expect(await server.send(sent)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(server.logged).toEqual([expect.objectContaining({ event: 'parser-error', status })]);
  });
});

test('a connection reset is not a parser error', async () => {
  await using server = await createTestServer();
  const socket = server.connect();
  socket.write('GET / HTTP/1.1\r\nHost:');
  await server.connections(1);
  socket.resetAndDestroy();
  await server.connections(0);
  expect(server.logged).toEqual([]);
});

describe('a malformed body', () => {
  test('closes the connection without another byte if the response has begun', async () => {
    await using server = await createTestServer();
    const head = request('POST /reader/echo', { 'Transfer-Encoding': 'chunked' });
    const received = await server.send(`${head}5\r\nfirst\r\n`, 'ZZ\r\n').catch(String);
    expect(received).toMatch(/^HTTP\/1.1 200 /);
    expect(received).toMatch(/first\r\n$/);
  });

  test('has the same request id in the response, the parser error and the access log', async () => {
    await using server = await createTestServer();
    const response = await server.send(postJson({ 'Transfer-Encoding': 'chunked' }, 'ZZ\r\n'));
    expect(response).toMatch(/^HTTP\/1.1 400 /);
    const requestId = requestIdIn(response);
    expect(server.logged).toEqual([expect.objectContaining({ event: 'parser-error', requestId })]);
    await until('the access log line', () => server.requestLines().length > 0 || undefined);
    expect(server.requestLines()).toEqual([
      expect.objectContaining({ requestId, status: 400, closedByServer: true }),
    ]);
  });
});

describe('a request that is rejected before its body has arrived', () => {
  const rejected = request('POST /reader/json', { 'Content-Type': 'text/plain', 'Content-Length': 5 });

  /** Waits for the first responses before it sends the rest. @returns the statuses of all responses */
  async function exchange(server: TestServer, first: string, statuses: readonly string[], rest: string) {
    const socket = server.connect(true);
    let received = '';
    socket.setEncoding('latin1').on('data', (part: string) => (received += part));
    socket.write(first);
    await until('the first responses', () => statusesIn(received).length === statuses.length || undefined);
    socket.end(rest);
    await once(socket, 'close');
    return statusesIn(received);
  }

  test.each([
    ['its client disconnects', rejected, ['415'], ''],
    ['the rest of its body is truncated', rejected, ['415'], 'hel'],
    [
      'it was pipelined and its body is truncated',
      request('GET /probe/quick') + rejected,
      ['200', '415'],
      'hel',
    ],
  ])('causes no parser error if %s', async (_what, first, statuses, rest) => {
    await using server = await createTestServer();
    expect(await exchange(server, first, statuses, rest)).toEqual(statuses);
    expect(server.logged).toEqual([]);
    expect(await server.renderMetrics()).not.toMatch(/http_parser_errors_total\{/);
  });

  test('gets a 400 after the response to an earlier one if its client stops sending before its turn', async () => {
    await using server = await createTestServer();
    const first = request('GET /probe/slow?ms=300') + request('GET /probe/quick') + rejected;
    expect(await exchange(server, first, [], 'hel')).toEqual(['200', '200', '400']);
    expect(server.logged).toEqual([expect.objectContaining({ event: 'parser-error' })]);
  });

  test('ends with its body: further bytes are parsed as another request', async () => {
    await using server = await createTestServer();
    expect(await exchange(server, rejected, ['415'], 'helloGARBAGE\r\n\r\n')).toEqual(['415', '400']);
    expect(server.logged).toEqual([expect.objectContaining({ event: 'parser-error' })]);
  });
});
