import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Options } from 'express-rate-limit';
import { pack, unpack, type FromPrimary, type FromWorker } from '../../src/cluster/messages.ts';
import { SharedCounts } from '../../src/cluster/shared-counts.ts';

test('a worker that stalled does not take its primary for silent: the answer is there, and only to be read', async () => {
  // Tests have a process object of their own, so this is nobody's channel.
  Object.assign(process, { connected: true, send: () => true });
  const counts = new SharedCounts('client');
  counts.init({ windowMs: 60_000 } as Options);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const primary = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [worker] = (await once(server, 'connection')) as [Socket];
  worker.once('data', () => {
    const answer: FromPrimary = { type: 'counted', id: 1, limiter: 'client', counts: [[1, Date.now()]] };
    process.emit('message', pack(answer), undefined);
  });

  const counted = counts.increment('a');
  await nextTurn(); // it is asked
  primary.write('.');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
  expect(await counted).toMatchObject({ totalHits: 1 });
  expect(counts.silent).toBe(false);
  primary.destroy();
  server.close();
});

/** Counts whose primary is the test. */
function ask() {
  const sent: FromWorker[] = [];
  const send = (received: unknown) => sent.push(unpack<FromWorker>(received) as FromWorker);
  Object.assign(process, { connected: true, send });
  const counts = new SharedCounts('client');
  counts.init({ windowMs: 60_000 } as Options);
  return { counts, sent };
}

test('requests that arrive together are asked for together, and each is told its own count', async () => {
  const { counts, sent } = ask();
  const counted = Promise.all(['a', 'b', 'a', 'a'].map((key) => counts.increment(key)));
  await nextTurn();
  const hits = [
    ['a', 3],
    ['b', 1],
  ];
  expect(sent).toEqual([{ type: 'count', id: 1, limiter: 'client', windowMs: 60_000, hits }]);
  const told = [
    [7, 1],
    [2, 1],
  ] as const;
  const answer: FromPrimary = { type: 'counted', id: 1, limiter: 'client', counts: told };
  process.emit('message', pack(answer), undefined);
  expect((await counted).map(({ totalHits }) => totalHits)).toEqual([5, 2, 6, 7]);
});

test('a primary that says nothing keeps nobody waiting, also who came later, and is not asked for a moment', async () => {
  const { counts, sent } = ask();
  const first = counts.increment('a');
  await nextTurn();
  const both = await Promise.allSettled([first, counts.increment('b')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(sent).toHaveLength(1);
  expect(counts.silent).toBe(true);
});

test('a primary that is gone is not asked: nobody waits for a count that cannot come', () => {
  Object.assign(process, { connected: false });
  expect(new SharedCounts('client').silent).toBe(true);
});
