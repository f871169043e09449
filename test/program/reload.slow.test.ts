import { appendFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Sandbox } from '../faults/sandbox.ts';
import { until, type Program } from '../support/program.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create(true, () => undefined);
});
afterEach(async () => {
  expect(await sandbox.close()).toEqual([]);
});

function writeEnv(text: string): void {
  writeFileSync(sandbox.path('.env'), text);
}

function breakApp(): void {
  appendFileSync(sandbox.path('src/app.ts'), '\nthrow new Error("broken on purpose");\n');
}

async function workerPids(program: Program): Promise<number[]> {
  return (await program.readyWorkers(2)).map(({ pid }) => pid).sort();
}

async function reload(program: Program): Promise<unknown> {
  const response = await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
  return response.json();
}

function count(program: Program, event: string): number {
  return program.lines.filter((line) => line['event'] === event).length;
}

describe('a reload', () => {
  test('with broken code is rejected with the reason after one fork; the workers stay', async () => {
    const program = await sandbox.start();
    const before = await workerPids(program);
    breakApp();
    expect(await reload(program)).toMatchObject({
      ok: false,
      replaced: 0,
      reason: expect.stringContaining('broken on purpose') as unknown,
    });
    await sleep(1_000);
    expect(await workerPids(program)).toEqual(before);
    expect(count(program, 'forked')).toBe(1); // one line sums up the first start
  });

  test('with an invalid .env is rejected and names the variable; crashed workers are still replaced', async () => {
    const program = await sandbox.start();
    const before = await workerPids(program);
    writeEnv('KEEP_ALIVE_TIMEOUT_MS=long\n');
    expect(await reload(program)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('KEEP_ALIVE_TIMEOUT_MS must be') as unknown,
    });
    expect(await workerPids(program)).toEqual(before);
    process.kill(before[0] ?? 0, 'SIGKILL');
    await program.logged('replaced');
    await workerPids(program);
  });

  test('applies new values to workers and supervision, and names variables that need a restart', async () => {
    writeEnv('HEARTBEAT_TIMEOUT_MS=500\n');
    const program = await sandbox.start();
    writeEnv('HEARTBEAT_TIMEOUT_MS=10000\nMANAGEMENT_HOST=localhost\nHOST=127.0.0.2\n');
    expect(await reload(program)).toMatchObject({
      ok: true,
      replaced: 2,
      needRestart: ['MANAGEMENT_HOST', 'HOST'],
    });
    const after = await workerPids(program);
    await sleep(2_500); // their heartbeats come every second, too rarely for a timeout of 500 ms
    expect(await workerPids(program)).toEqual(after);
    expect((await program.get('/livez')).status).toBe(200); // still on the old address
  });

  test('also replaces a worker that is still starting, because it starts with the old settings', async () => {
    writeEnv('RATE_LIMIT_MAX=1000\n');
    const program = await sandbox.start();
    const [first] = await workerPids(program);
    process.kill(Number(first), 'SIGKILL');
    await program.logged('forked');
    writeEnv('RATE_LIMIT_MAX=777\n');
    expect(await reload(program)).toMatchObject({ ok: true, replaced: 2 });
    for (let connection = 0; connection < 20; connection += 1) {
      const { headers } = await program.get('/', { headers: { Connection: 'close' } });
      expect(headers.get('RateLimit-Policy')).toContain('q=777');
    }
  });

  test('leaves each worker the shutdown timeout that it was started with', async () => {
    writeEnv('SHUTDOWN_TIMEOUT_MS=20000\n');
    const program = await sandbox.start();
    const slow = Array.from({ length: 6 }, () => program.get('/faults/slow?n=5000'));
    await until('all requests in flight', async () => {
      const inFlight = (await program.workers()).map(({ report }) => report?.requests.inFlight ?? 0);
      return inFlight.reduce((sum, one) => sum + one) >= 6 ? true : undefined;
    });
    writeEnv('SHUTDOWN_TIMEOUT_MS=1000\n');
    expect(await reload(program)).toMatchObject({ ok: true, replaced: 2 });
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(count(program, 'crashed')).toBe(0);
  });
});

describe('the primary', () => {
  test('gives up on workers that can no longer start, with the reason and exit code 83', async () => {
    const program = await sandbox.start({ WORKERS: '1' });
    const [worker] = await program.readyWorkers(1);
    breakApp();
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    expect((await program.exited).code).toBe(83);
    const gaveUp = program.lines.find(({ event, level }) => event === 'gave-up' && level === 'fatal');
    expect(gaveUp?.['reason']).toContain('broken on purpose');
    expect(count(program, 'forked')).toBeLessThanOrEqual(10);
  });

  test('ends a start that never becomes ready, with the reason and exit code 70', async () => {
    appendFileSync(
      sandbox.path('src/app.ts'),
      '\nawait new Promise((resolve) => setTimeout(resolve, 60_000));\n',
    );
    const program = sandbox.launch({ WORKER_START_TIMEOUT_MS: '1500' });
    expect((await program.exited).code).toBe(70);
    expect(program.errors).toContain('The worker was not ready within 1500 ms');
  });

  test('kills no worker when it resumes after a suspension', async () => {
    const program = await sandbox.start({ HEARTBEAT_TIMEOUT_MS: '500' });
    const before = await workerPids(program);
    program.kill('SIGSTOP');
    await sleep(2_500);
    program.kill('SIGCONT');
    await sleep(1_000);
    expect(await workerPids(program)).toEqual(before);
    expect(count(program, 'unresponsive')).toBe(0);
  });
});
