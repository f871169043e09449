/** What demos leave behind when their client leaves: nothing. */
import { request } from 'node:http';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { settle, startForLooking } from '../support/held.ts';
import type { Program } from '../support/program.ts';

let program: Program;
beforeAll(async () => {
  program = await startForLooking();
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
});

/** Begins a request, leaves after some milliseconds, and resolves when the connection is gone. */
function leaveAfter(ms: number, path: string, method: string): Promise<void> {
  return new Promise((resolve) => {
    const req = request(program.url + path, { method, agent: false });
    req.on('error', () => undefined);
    req.on('response', (res) => res.on('error', () => undefined).resume());
    req.once('close', resolve);
    req.end();
    setTimeout(() => req.destroy(), ms);
  });
}

const onLinux = process.platform === 'linux' ? describe : describe.skip; // it reads /proc

onLinux('leaves nothing behind', () => {
  test('a hundred requests whose client leaves', async () => {
    const heavy = [
      '/demos/child-processes/stream?lines=100000000',
      '/demos/child-processes/spawn?lines=100000',
      '/demos/child-processes/fork?messages=10000',
      '/demos/worker-threads/cancel?afterMs=2000',
      '/demos/worker-threads/messages?rounds=50',
      '/demos/cpu/thread-pool?limit=5000000',
      '/demos/streams/file?bytes=400000000',
      '/demos/streams/file-buffered?bytes=100000000',
      '/demos/streams/chain?rows=50000000',
      '/demos/streams/file?bytes=400000000&as=json',
    ];
    const leaveAll = (round: number) =>
      Promise.all(heavy.map((path, index) => leaveAfter(30 + 25 * ((round + index) % 10), path, 'GET')));
    // The first of them start what stays: the pool's threads, and the keeper of child groups.
    await leaveAll(9);
    const before = await settle(program);
    for (let round = 0; round < 10; round += 1) await leaveAll(round);
    expect(await settle(program)).toEqual(before);
    expect((await program.get('/livez')).status).toBe(200);
  }, 120_000);
});
