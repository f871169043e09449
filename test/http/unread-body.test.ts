import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/program.ts';
import { createTestServer, postJson, request, statusesIn } from './test-server.ts';

const server = await createTestServer();
afterAll(() => server[Symbol.asyncDispose]());

describe('a client that waits for a 100 Continue', () => {
  const expecting = { Expect: '100-continue', 'Content-Length': 2, Connection: 'close' };

  test('gets it when its body is read', async () => {
    expect(statusesIn(await server.send(postJson(expecting), '{}'))).toEqual(['100', '200']);
  });

  test.each([
    ['another type', postJson({ ...expecting, 'Content-Type': 'text/plain' }), '415'],
    ['a long body', postJson({ ...expecting, 'Content-Length': 10_000_000_000 }), '413'],
    ['an unknown path', request('POST /nothing', expecting), '404'],
    ['another method', request('DELETE /reader/json', expecting), '405'],
    ['another expectation', request('POST /reader/json', { ...expecting, Expect: 'cake' }), '417'],
  ])('and sends %s gets only its final status', async (_what, sent, status) => {
    expect(statusesIn(await server.send(sent))).toEqual([status]);
  });

  test('and uses HTTP/1.0 does not get it', async () => {
    const sent = postJson({ ...expecting, Expect: 'cake' }, '{}').replace('HTTP/1.1', 'HTTP/1.0');
    expect(statusesIn(await server.send(sent))).toEqual(['200']);
  });

  // Whether such a client still sends its body is not known.
  test.each(['100-continue', 'cake'])('for %s learns that the connection closes', async (expectation) => {
    const headers = { ...expecting, Expect: expectation, Connection: 'keep-alive' };
    const response = await server.send(request('POST /nothing', headers));
    expect(response).toMatch(/^Connection: close/im);
  });
});

describe('the body of a rejected request', () => {
  /** Sends a head, then a body as fast as the server reads it. @returns the response and the bytes that were sent */
  async function flood(head: string): Promise<{ response: string; bytes: number }> {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    const chunk = Buffer.alloc(65_536, 'x');
    let bytes = 0;
    let response = '';
    let ended = false;
    socket.on('data', (part: Buffer) => (response += part.toString()));
    socket.on('error', () => undefined).on('close', () => (ended = true));
    const send = () => {
      while (!ended && socket.write(chunk)) bytes += chunk.length;
    };
    socket.write(head);
    socket.on('drain', send);
    send();
    await until('the end of the connection', () => ended || undefined);
    return { response, bytes };
  }

  test.each([
    ['an announced length', { 'Content-Length': 100_000_000_000 }],
    ['chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('with %s ends the connection, after the response was sent', async (_what, framing) => {
    const head = request('POST /nothing', framing);
    const { response } = await flood('Transfer-Encoding' in framing ? `${head}ffffffffff\r\n` : head);
    expect(response).toMatch(/^HTTP\/1.1 404 [^]*^Connection: close[^]*"code":"not-found"/im);
  });

  test('does not cost a client its response that sends everything before it reads', async () => {
    const size = 4_000_000;
    const socket = connect({ port: server.port, host: '127.0.0.1' }).pause();
    socket.on('error', () => undefined);
    socket.write(request('POST /nothing', { 'Content-Length': size }));
    for (let sent = 0; sent < size && !socket.destroyed; sent += 100_000) {
      socket.write(Buffer.alloc(100_000, 'x'));
      await sleep(2);
    }
    let response = '';
    for await (const part of socket as AsyncIterable<Buffer>) response += part.toString();
    expect(statusesIn(response)).toEqual(['404']);
  });

  test('is dropped if it is short, and the connection can be used again', async () => {
    const sent =
      request('POST /nothing', { 'Content-Length': 10 }, '0123456789') +
      request('GET /probe/quick', { Connection: 'close' });
    expect(statusesIn(await server.send(sent))).toEqual(['404', '200']);
  });
});

test('a connection stays open if a handler responds while it still reads', async () => {
  const framing = { 'Transfer-Encoding': 'chunked' };
  const received = await server.send(
    request('POST /reader/echo', framing, '1\r\na\r\n'),
    `0\r\n\r\n${request('GET /probe/quick', { Connection: 'close' })}`,
  );
  expect(statusesIn(received)).toEqual(['200', '200']);
});

test('a connection is closed with its last request, and later ones are not processed', async () => {
  await using limited = await createTestServer({ MAX_REQUESTS_PER_SOCKET: '3' });
  const received = await limited.send(request('GET /probe/quick').repeat(6));
  expect(statusesIn(received)).toEqual(['200', '200', '200']);
  expect(received.match(/^Connection: close/gim)).toHaveLength(1);
  expect(limited.requestLines()).toHaveLength(3);
});
