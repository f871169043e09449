import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { until } from '../support/program.ts';
import { createTestServer, postJson, request, statusesIn } from './test-server.ts';

/** A thread of clients, which send a request each and then wake the thread of the server. */
const CLIENTS = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, count, sent } } = require('node:worker_threads');
  const received = [];
  for (let i = 0; i < count; i += 1) {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /probe/quick HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n', () => {
      if (Atomics.add(sent, 0, 1) === count - 1) Atomics.notify(sent, 0);
    }));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (text += chunk));
    socket.on('close', () => received.push(text) === count && parentPort.postMessage(received));
  }
`;

describe('HttpServer.drain()', () => {
  test('closes a connection whose body has not arrived at the deadline', async () => {
    await using server = await createTestServer();
    const received = server.send(postJson({ 'Content-Length': 100 }, '{'));
    await server.requests(1);
    await server.drain(false, AbortSignal.timeout(50));
    expect(await received).toBe('');
    expect(server.requestLines()).toEqual([expect.objectContaining({ status: 503, closedByServer: true })]);
  });

  test('serves connections that a busy event loop has not accepted yet', async () => {
    await using server = await createTestServer();
    const sent = Array.from({ length: 20 }, () =>
      server.send(request('GET /probe/blocking?ms=50', { Connection: 'close' })),
    );
    await until('the first request', () => server.inFlight.total > 0 || undefined);
    await server.drain(true);
    const responses = await Promise.all(sent);
    expect(responses.flatMap(statusesIn)).toEqual(Array(20).fill('200'));
  });

  test('serves connections that arrived while the process could not run at the end of the settle window', async () => {
    const count = 100;
    await using server = await createTestServer({ SHUTDOWN_SETTLE_MS: '50' });
    const drained = server.drain(true);
    const sent = new Int32Array(new SharedArrayBuffer(4));
    const clients = new Worker(CLIENTS, { eval: true, workerData: { port: server.port, count, sent } });
    const received = once(clients, 'message');
    for (let before = 0; before < count; before = Atomics.load(sent, 0))
      Atomics.wait(sent, 0, before, 10_000);
    const [responses] = (await received) as [string[]];
    expect(responses.flatMap(statusesIn)).toEqual(Array(count).fill('200'));
    await drained;
  });

  test('leaves a connection accepted last the time to send its request', async () => {
    await using server = await createTestServer();
    const socket = server.connect();
    const received = text(socket);
    await server.connections(1);
    const drained = server.drain(true);
    await sleep(300);
    socket.write(request('GET /probe/quick'));
    expect(await received).toMatch(/^HTTP\/1.1 200 /);
    await drained;
  });

  test('refuses new connections and closes idle ones while a request still runs', async () => {
    // A short headers timeout would close idle connections as well.
    await using server = await createTestServer({ HEADERS_TIMEOUT_MS: '300000' });
    const ended = once(server.connect().resume(), 'end');
    const received = server.send(request('GET /probe/slow?ms=60000'));
    await server.requests(1);
    const deadline = new AbortController();
    const drained = server.drain(true, deadline.signal);
    await ended;
    await expect(once(server.connect(), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(server.inFlight.size).toBe(1);
    deadline.abort();
    await drained;
    expect(await received).toBe('');
  });

  test('serves a request that waits for an earlier one on its connection', async () => {
    await using server = await createTestServer();
    const received = server.send(request('GET /probe/slow?ms=500') + request('GET /probe/quick'));
    await server.requests(1); // the second one waits for its turn
    await server.drain(false);
    expect(statusesIn(await received)).toEqual(['200', '200']);
  });

  test('serves every request of a connection and announces the close with the last response only', async () => {
    await using server = await createTestServer();
    const sent = request('GET /probe/slow?ms=300') + request('GET /probe/slow?ms=600');
    const responses = server.send(sent);
    await server.requests(1);
    await server.drain(false);
    const received = await responses;
    expect(statusesIn(received)).toEqual(['200', '200']);
    expect(received.match(/^Connection: .+$/gim)?.map((line) => line.toLowerCase())).toEqual([
      'connection: keep-alive',
      'connection: close',
    ]);
  });
});
