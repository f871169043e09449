import { appendFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Lab } from '../faults/lab.ts';
import { until, type Program } from '../support/program.ts';

let lab: Lab;
beforeEach(() => {
  lab = new Lab(true, () => undefined);
});
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

async function pids(program: Program): Promise<number[]> {
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
  test('onto code that cannot start changes nothing, says why, and forks one worker only', async () => {
    const program = await lab.start();
    const before = await pids(program);
    appendFileSync(lab.path('src/app.ts'), '\nthrow new Error("broken on purpose");\n');
    expect(await reload(program)).toMatchObject({
      ok: false,
      replaced: 0,
      reason: expect.stringContaining('broken on purpose') as unknown,
    });
    await sleep(1_000);
    expect(await pids(program)).toEqual(before);
    expect(count(program, 'forked')).toBe(1); // the first ones are summed up in one line
  });

  test('onto a bad .env changes nothing and names the variable', async () => {
    const program = await lab.start();
    const before = await pids(program);
    writeFileSync(lab.path('.env'), 'KEEP_ALIVE_TIMEOUT_MS=long\n');
    expect(await reload(program)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('KEEP_ALIVE_TIMEOUT_MS must be') as unknown,
    });
    expect(await pids(program)).toEqual(before);
    process.kill(before[0] ?? 0, 'SIGKILL');
    await program.logged('replaced');
    await pids(program);
  });

  test('brings new values in, those of the supervision as well, and names what needs a start', async () => {
    writeFileSync(lab.path('.env'), 'HEARTBEAT_TIMEOUT_MS=500\n');
    const program = await lab.start();
    writeFileSync(
      lab.path('.env'),
      'HEARTBEAT_TIMEOUT_MS=10000\nMANAGEMENT_HOST=localhost\nHOST=127.0.0.2\n',
    );
    expect(await reload(program)).toMatchObject({
      ok: true,
      replaced: 2,
      needRestart: ['MANAGEMENT_HOST', 'HOST'],
    });
    const fresh = await pids(program);
    await sleep(2_500); // they are heard each second, which 500 ms would take for silence
    expect(await pids(program)).toEqual(fresh);
    expect((await program.get('/livez')).status).toBe(200); // where it was
  });

  test('replaces a worker that is only starting as well, for it starts with what was', async () => {
    writeFileSync(lab.path('.env'), 'RATE_LIMIT_MAX=1000\n');
    const program = await lab.start();
    const [first] = await pids(program);
    process.kill(Number(first), 'SIGKILL');
    await program.logged('forked');
    writeFileSync(lab.path('.env'), 'RATE_LIMIT_MAX=777\n');
    expect(await reload(program)).toMatchObject({ ok: true, replaced: 2 });
    for (let connection = 0; connection < 20; connection += 1) {
      const { headers } = await program.get('/', { headers: { Connection: 'close' } });
      expect(headers.get('RateLimit-Policy')).toContain('q=777');
    }
  });

  test('leaves each worker the time for its stop that it was started with', async () => {
    writeFileSync(lab.path('.env'), 'SHUTDOWN_TIMEOUT_MS=20000\n');
    const program = await lab.start();
    const slow = Array.from({ length: 6 }, () => program.get('/demos/http/delay/5000'));
    await until('all to be under way', async () => {
      const under = (await program.workers()).map(({ report }) => report?.requests.inFlight ?? 0);
      return under.reduce((sum, one) => sum + one) >= 6 ? true : undefined;
    });
    writeFileSync(lab.path('.env'), 'SHUTDOWN_TIMEOUT_MS=1000\n');
    expect(await reload(program)).toMatchObject({ ok: true, replaced: 2 });
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(count(program, 'crashed')).toBe(0);
  });
});

describe('supervision', () => {
  test('gives up on workers that can no longer start, ends with 83 and says why', async () => {
    const program = await lab.start({ WORKERS: '1' });
    const [worker] = await program.readyWorkers(1);
    appendFileSync(lab.path('src/app.ts'), '\nthrow new Error("broken on purpose");\n');
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    expect((await program.exited).code).toBe(83);
    const why = program.lines.find(({ event, level }) => event === 'gave-up' && level === 'fatal');
    expect(why?.['reason']).toContain('broken on purpose');
    expect(count(program, 'forked')).toBeLessThanOrEqual(10);
  });

  test('ends a start that never becomes ready, with its reason', async () => {
    appendFileSync(
      lab.path('src/app.ts'),
      '\nawait new Promise((resolve) => setTimeout(resolve, 60_000));\n',
    );
    const program = lab.launch({ WORKER_START_TIMEOUT_MS: '1500' });
    expect((await program.exited).code).toBe(70);
    expect(program.errors).toContain('It was not ready within 1500 ms');
  });

  test('a primary that was paused kills no worker when it goes on', async () => {
    const program = await lab.start({ HEARTBEAT_TIMEOUT_MS: '500' });
    const before = await pids(program);
    program.kill('SIGSTOP');
    await sleep(2_500);
    program.kill('SIGCONT');
    await sleep(1_000);
    expect(await pids(program)).toEqual(before);
    expect(count(program, 'unresponsive')).toBe(0);
  });
});
