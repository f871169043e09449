import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { until } from '../support/program.ts';
import { createTestServer, postJson, request, statusesIn } from './test-server.ts';

const quick = request('GET /probe/quick');
const slow = request('GET /probe/slow?ms=200');
const last = request('GET /probe/quick', { Connection: 'close' });

test('the requests of a pipeline are served one at a time and answered in order', async () => {
  await using server = await createTestServer();
  const received = server.send(slow + quick.repeat(50) + postJson({ 'Content-Length': 2 }, '{}') + last);
  await server.requests(1);
  await sleep(50);
  expect(server.inFlight.total).toBe(1);
  expect(statusesIn(await received)).toEqual(Array(53).fill('200'));
  expect(server.requestLines().at(-2)).toMatchObject({ method: 'POST' });
});

test('a body that arrives in pieces after its request has waited is complete', async () => {
  await using server = await createTestServer();
  const post = postJson({ 'Content-Length': 2, Connection: 'close' }, '{');
  expect(statusesIn(await server.send(slow + quick.repeat(30) + post, '}'))).toEqual(Array(32).fill('200'));
});

test('a pipeline does not keep other connections waiting', async () => {
  await using server = await createTestServer();
  const pipeline = server.send(quick.repeat(2_000) + last);
  await until('the first request', () => server.inFlight.total > 0 || undefined);
  const before = server.inFlight.total;
  expect(statusesIn(await server.send(last))).toEqual(['200']);
  expect(server.inFlight.total - before).toBeLessThan(1_000);
  expect(statusesIn(await pipeline)).toHaveLength(2_001);
});

test('a connection is not read while many of its requests wait', async () => {
  await using server = await createTestServer();
  const socket = server.connect().on('error', () => undefined);
  socket.write(request('GET /probe/slow?ms=60000') + quick.repeat(200_000));
  await server.requests(1);
  const unread: number[] = [];
  for (let sample = 0; sample < 4; sample += 1) {
    await sleep(200);
    unread.push(socket.writableLength);
  }
  expect(unread.at(-1)).toBeGreaterThan(0);
  expect(unread.at(-1)).toBe(unread.at(1)); // the kernel has taken a first part
  socket.destroy();
});

test('waiting requests of a client that disconnects are not served', async () => {
  await using server = await createTestServer();
  const socket = server.connect();
  socket.write(slow + quick.repeat(10));
  await server.requests(1);
  socket.destroy();
  await until('the end of the first request', () => server.inFlight.size === 0 || undefined);
  await sleep(300);
  expect(server.inFlight.total).toBe(1);
});
