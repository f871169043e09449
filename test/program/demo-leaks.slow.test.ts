/** Demos leave nothing behind when their client disconnects. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, describe, expect, test } from '@jest/globals';
import { exampleMethod, exampleTarget } from '../../src/manifest/curl.ts';
import { printedExamples } from '../support/curl.ts';
import { Program, until } from '../support/program.ts';
import { growth, MeasuredProgram, openFiles } from '../support/resource-usage.ts';
import { useTestApp } from '../support/use-test-app.ts';

const { features } = await useTestApp();
const measured = await MeasuredProgram.start();
const { program } = measured;
afterAll(() => measured[Symbol.asyncDispose]());

/** Sends a request, disconnects after a delay, and resolves when the connection is closed. */
function disconnectAfter(ms: number, path: string, method = 'GET', body?: unknown): Promise<void> {
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

const onLinux = process.platform === 'linux' ? describe : describe.skip; // needs /proc

onLinux('nothing is left behind by', () => {
  test('a hundred requests whose client disconnects', async () => {
    const paths = [
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
    const requestAll = (round: number) =>
      Promise.all(paths.map((path, index) => disconnectAfter(30 + 25 * ((round + index) % 10), path)));
    // The first requests start what is kept: the pool's threads, and the process that cleans up child groups.
    await requestAll(9);
    const before = await measured.settledUsage();
    for (let round = 0; round < 10; round += 1) await requestAll(round);
    expect(growth(before, await measured.settledUsage())).toEqual([]);
    expect((await program.get('/livez')).status).toBe(200);
  }, 120_000);

  test('an upload whose worker is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'exemplar-test-'));
    await using killed = await Program.start({ WORKERS: '1', TMPDIR: folder });
    const pid = Number((await killed.workers())[0]?.pid);
    const upload = request(`${killed.url}/demos/streams/upload`, { method: 'POST', agent: false });
    upload.on('error', () => undefined);
    upload.write(Buffer.alloc(3_000_000));
    const isUnlinked = (path: string) => path.startsWith(folder) && path.endsWith(' (deleted)');
    await until('an unlinked file', () => openFiles(pid).some(isUnlinked) || undefined);
    process.kill(pid, 'SIGKILL');
    await killed.logged('replaced');

    const left = await readdir(folder, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

test('a client that disconnects from any example at any moment causes no fatal error', async () => {
  const examples = printedExamples(features).filter(({ route }) => route.meta?.danger === undefined);
  for (const ms of [1, 4, 8, 15, 30, 60, 120]) {
    const remaining = examples[Symbol.iterator]();
    const requestRemaining = async () => {
      for (const { feature, route, example } of remaining) {
        const target = exampleTarget(feature, route, example);
        await disconnectAfter(ms, target, exampleMethod(route, example), example.body);
      }
    };
    await Promise.all([requestRemaining(), requestRemaining(), requestRemaining()]);
    expect(program.lines.filter(({ level }) => level === 'fatal')).toEqual([]);
  }
  expect((await program.get('/livez')).status).toBe(200);
}, 300_000);
