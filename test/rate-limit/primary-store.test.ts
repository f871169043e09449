import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Options } from 'express-rate-limit';
import { pack, unpack, type FromPrimary, type FromWorker } from '../../src/supervision/messages.ts';
import { PrimaryStore } from '../../src/rate-limit/primary-store.ts';

test('a stall of the worker itself does not count as a timeout of the primary', async () => {
  // Tests have a process object of their own, so no real channel is affected.
  Object.assign(process, { connected: true, send: () => true });
  const store = new PrimaryStore('client');
  store.init({ windowMs: 60_000 } as Options);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const primary = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [worker] = (await once(server, 'connection')) as [Socket];
  worker.once('data', () => {
    const reply: FromPrimary = { type: 'hit-counts', id: 1, limiter: 'client', counts: [[1, Date.now()]] };
    process.emit('message', pack(reply), undefined);
  });

  const counted = store.increment('a');
  await nextTurn(); // the batch is sent
  primary.write('.');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
  expect(await counted).toMatchObject({ totalHits: 1 });
  expect(store.unavailable).toBe(false);
  primary.destroy();
  server.close();
});

/** A store whose primary is the test. */
function createStore() {
  const sent: FromWorker[] = [];
  const send = (received: unknown) => sent.push(unpack<FromWorker>(received) as FromWorker);
  Object.assign(process, { connected: true, send });
  const store = new PrimaryStore('client');
  store.init({ windowMs: 60_000 } as Options);
  return { store, sent };
}

test('sends concurrent hits in one message and hands each its own count', async () => {
  const { store, sent } = createStore();
  const counted = Promise.all(['a', 'b', 'a', 'a'].map((key) => store.increment(key)));
  await nextTurn();
  const hits = [
    ['a', 3],
    ['b', 1],
  ];
  expect(sent).toEqual([{ type: 'hits', id: 1, limiter: 'client', windowMs: 60_000, hits }]);
  const counts = [
    [7, 1],
    [2, 1],
  ] as const;
  const reply: FromPrimary = { type: 'hit-counts', id: 1, limiter: 'client', counts };
  process.emit('message', pack(reply), undefined);
  expect((await counted).map(({ totalHits }) => totalHits)).toEqual([5, 2, 6, 7]);
});

test('rejects all queued hits when the primary does not reply, and then leaves it alone for a while', async () => {
  const { store, sent } = createStore();
  const first = store.increment('a');
  await nextTurn();
  const both = await Promise.allSettled([first, store.increment('b')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(sent).toHaveLength(1);
  expect(store.unavailable).toBe(true);
});

test('is unavailable when the primary is gone', () => {
  Object.assign(process, { connected: false });
  expect(new PrimaryStore('client').unavailable).toBe(true);
});
