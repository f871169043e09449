/** What demos leave behind when their client leaves: nothing. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exampleMethod, exampleTarget } from '../../src/http/curl.ts';
import { createTestApp } from '../support/app.ts';
import { printedExamples } from '../support/curl.ts';
import { openFiles, settle, startForLooking } from '../support/held.ts';
import { Program, until } from '../support/program.ts';

let program: Program;
beforeAll(async () => {
  program = await startForLooking();
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
});

/** Begins a request, leaves after some milliseconds, and resolves when the connection is gone. */
function leaveAfter(ms: number, path: string, method: string, body?: unknown): Promise<void> {
  return new Promise((resolve) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const req = request(program.url + path, { method, headers, agent: false });
    req.on('error', () => undefined);
    req.on('response', (res) => res.on('error', () => undefined).resume());
    req.once('close', resolve);
    req.end(body === undefined ? undefined : JSON.stringify(body));
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

  test('an upload whose worker is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'exemplar-test-'));
    await using killed = await Program.start({ WORKERS: '1', TMPDIR: folder });
    const pid = Number((await killed.workers())[0]?.pid);
    const upload = request(`${killed.url}/demos/streams/upload`, { method: 'POST', agent: false });
    upload.on('error', () => undefined);
    upload.write(Buffer.alloc(3_000_000));
    await until(
      'a file without a name',
      () =>
        openFiles(pid).some((path) => path.startsWith(folder) && path.endsWith(' (deleted)')) || undefined,
    );
    process.kill(pid, 'SIGKILL');
    await killed.logged('replaced');

    const left = await readdir(folder, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

test('whoever leaves any example at any moment costs no more than the request', async () => {
  await using service = await createTestApp();
  const examples = printedExamples(service.features).filter(({ route }) => route.danger === undefined);
  for (const ms of [1, 4, 8, 15, 30, 60, 120]) {
    const left = examples[Symbol.iterator]();
    const leaveTheRest = async () => {
      for (const { feature, route, example } of left) {
        await leaveAfter(
          ms,
          exampleTarget(feature, route, example),
          exampleMethod(route, example),
          example.body,
        );
      }
    };
    await Promise.all([leaveTheRest(), leaveTheRest(), leaveTheRest()]);
    expect(program.lines.filter(({ level }) => level === 'fatal')).toEqual([]);
  }
  expect((await program.get('/livez')).status).toBe(200);
}, 300_000);
