/** What the demos leave behind: nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';
import { Curl, printedExamples } from '../support/curl.ts';
import { Program, root, until } from '../support/program.ts';

await using service = await createTestApp();
const safe = printedExamples(service.features).filter(({ route }) => route.danger === undefined);

let program: Program;
beforeAll(async () => {
  // One process, so that there is one to look at; a collection can be asked for by a signal.
  program = await Program.start({
    WORKERS: '0',
    OVERLOAD_MAX_DELAY_MS: '0',
    NODE_OPTIONS: `--expose-gc --require ${root}test/support/collect-on-signal.cjs`,
  });
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
});

interface Held {
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
}

/** What the operating system says that the program holds. */
function look(): Held {
  const proc = `/proc/${program.pid}`;
  const children = readdirSync(`${proc}/task`).flatMap((task) =>
    readFileSync(`${proc}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return {
    descriptors: readdirSync(`${proc}/fd`).length,
    threads: readdirSync(`${proc}/task`).length,
    children: children.length,
  };
}

/** Waits until nothing changes any more: pooled threads end when they have been idle for a while. */
async function settle(): Promise<Held> {
  let last = JSON.stringify(look());
  let since = Date.now();
  await until(
    'the program to settle',
    async () => {
      await sleep(200);
      const now = JSON.stringify(look());
      if (now !== last) since = Date.now();
      last = now;
      return Date.now() - since > 12_000 ? true : undefined;
    },
    60_000,
  );
  return look();
}

async function heldBytes(): Promise<number> {
  const before = program.errors.length;
  process.kill(program.pid, 'SIGUSR2');
  return until('the memory held', () => {
    const match = /held (\d+)\n/.exec(program.errors.slice(before));
    return match === null ? undefined : Number(match[1]);
  });
}

async function runAll(): Promise<void> {
  using curl = new Curl(program.url);
  for (const { line } of safe) await curl.run(line);
}

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
  test('all examples, one after the other: descriptors, threads, children and memory are as before', async () => {
    await runAll(); // what is made once and kept is made now
    const before = await settle();
    const bytesBefore = await heldBytes();
    await runAll();
    const after = await settle();
    const bytesAfter = await heldBytes();
    expect(after).toEqual(before);
    expect(bytesAfter).toBeLessThan(bytesBefore * 1.1);
  }, 240_000);

  test('a hundred requests whose client leaves', async () => {
    const before = await settle();
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
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        heavy.map((path, index) => leaveAfter(30 + 25 * ((round + index) % 10), path, 'GET')),
      );
    }
    expect(await settle()).toEqual(before);
    expect((await program.get('/livez')).status).toBe(200);
  }, 120_000);
});
