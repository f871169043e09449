import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Options } from 'express-rate-limit';
import { pack, type FromPrimary } from '../../src/cluster/messages.ts';
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

test('a primary that is gone is not asked: nobody waits for a count that cannot come', () => {
  Object.assign(process, { connected: false });
  expect(new SharedCounts('client').silent).toBe(true);
});
