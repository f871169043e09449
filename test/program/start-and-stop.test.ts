import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import packageJson from '../../package.json' with { type: 'json' };
import { variables } from '../../src/config/core-variables.ts';
import { featureVariables } from '../../src/features.ts';
import { badValues } from '../support/bad-values.ts';
import { testEnvironment } from '../support/environment.ts';
import { requestInFlight } from '../support/metrics.ts';
import { isAlive, Program, root, until } from '../support/program.ts';
import { startProbe } from '../support/start-probe.ts';

describe.each(['2', '0'])('with WORKERS=%s the service', (WORKERS) => {
  test('logs one line with its address, serves, and exits with code 0 on Ctrl-C, leaving no process', async () => {
    await using program = await Program.start({ WORKERS });
    expect(program.lines).toHaveLength(1);
    expect(program.lines[0]?.['msg']).toContain(program.url);
    const pids = (await program.workers()).map(({ pid }) => pid);
    expect((await program.get('/livez')).status).toBe(200);

    program.killGroup('SIGINT');
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(pids.filter(isAlive)).toEqual([]);
    expect(program.errors).toBe('');
  });
});

describe.each(['1', '0'])('a shutdown with WORKERS=%s', (WORKERS) => {
  test('fails readiness before it refuses connections, completes requests, and ignores idle sockets', async () => {
    await using program = await startProbe({
      WORKERS,
      SHUTDOWN_SETTLE_MS: '1500',
      SHUTDOWN_TIMEOUT_MS: '60000',
    });
    const { hostname, port } = new URL(program.url);
    const idle = Array.from({ length: 20 }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    );
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    const slow = program.get('/probe/slow?ms=2500');
    await requestInFlight(program);
    const stoppedAt = Date.now();
    program.kill('SIGTERM');
    await program.logged('stopping');
    program.kill('SIGTERM'); // a second signal changes nothing

    const ready = await until('readiness to fail', async () => {
      const response = await program.get('/readyz');
      return response.status === 503 ? response : undefined;
    });
    expect(ready.headers.get('connection')).toBe('close');
    expect((await fetch(`${program.managementUrl}/readyz`)).status).toBe(503);
    const accepted = await program.get('/probe/quick');
    expect(accepted.status).toBe(200);
    expect(accepted.headers.get('connection')).toBe('close');

    expect((await slow).status).toBe(200);
    expect(await program.exited).toEqual({ code: 0, signal: null });
    // The deadline is a minute away: a shutdown that waited for it would take far longer.
    expect(Date.now() - stoppedAt).toBeLessThan(30_000);
    for (const socket of idle) socket.destroy();
    const stops = program.lines.filter(({ event, reason }) => event === 'stopping' && reason === 'SIGTERM');
    expect(new Set(stops.map(({ pid }) => pid)).size).toBe(stops.length);
  });

  test('closes unfinished responses at its deadline and logs them', async () => {
    await using program = await startProbe({ WORKERS, SHUTDOWN_TIMEOUT_MS: '1000' });
    const slowFails = expect(program.get('/probe/slow?ms=60000')).rejects.toThrow();
    const endless = await program.get('/probe/endless');
    const reader = endless.body?.getReader();
    await reader?.read();
    program.kill('SIGTERM');
    await program.exited;
    await slowFails;
    const readToEnd = async () => {
      while ((await reader?.read())?.done === false);
    };
    await expect(readToEnd()).rejects.toThrow();
    const logged = (path: string) => program.lines.filter((line) => line['path'] === path);
    expect(logged('/probe/endless')).toEqual([
      expect.objectContaining({ status: 200, closedByServer: true }),
    ]);
    expect(logged('/probe/slow')).toEqual([expect.objectContaining({ status: 503, closedByServer: true })]);
  });

  test('ends at once on a third signal', async () => {
    await using program = await startProbe({ WORKERS, SHUTDOWN_TIMEOUT_MS: '60000' });
    const endless = await program.get('/probe/endless');
    const pids = (await program.workers()).map(({ pid }) => pid);
    for (let signals = 1; signals <= 3; signals += 1) {
      program.kill('SIGTERM');
      await sleep(100);
    }
    expect((await program.exited).code).toBe(1);
    await until('the workers to exit', () => (pids.some(isAlive) ? undefined : true));
    await endless.body?.cancel().catch(() => undefined);
  });
});

describe('a .env file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'env-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const writeEnv = (text: string) => writeFile(join(folder, '.env'), text);

  test('in the working directory supplies defaults that the environment overrides', async () => {
    await writeEnv('LOG_LEVEL=debug\nWORKERS=7\n');
    await using program = await Program.start({ WORKERS: '1' }, folder);
    expect(program.lines.some(({ level }) => level === 'debug')).toBe(true);
    expect(await program.workers()).toHaveLength(1);
  });

  test('that changes later does not change the configuration of a replacement worker', async () => {
    const policy = async (program: Program) =>
      (await program.get('/problems')).headers.get('ratelimit-policy');
    await writeEnv('RATE_LIMIT_MAX=7000\n');
    await using program = await Program.start({ WORKERS: '1' }, folder);
    expect(await policy(program)).toContain('q=7000');
    await writeEnv('RATE_LIMIT_MAX=8000\n');
    const [worker] = await program.readyWorkers(1);
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    await program.logged('replaced');
    expect(await policy(program)).toContain('q=7000');
  });

  test('that cannot be read ends the start with exit code 78', async () => {
    await mkdir(join(folder, '.env'));
    await using program = Program.launch({}, folder);
    expect((await program.exited).code).toBe(78);
    expect(program.errors).toContain('.env cannot be read');
  });
});

describe('a failed start', () => {
  test('names every invalid variable and exits with code 78', async () => {
    const invalid = badValues({ ...variables, ...featureVariables });
    await using program = Program.launch(invalid);
    expect((await program.exited).code).toBe(78);
    for (const name of Object.keys(invalid)) expect(program.errors).toContain(`${name} must be`);
    expect(program.output).toBe('');
  });

  test.each(['2', '0'])(
    'reports once that the port is in use and exits with code 69 (WORKERS=%s)',
    async (WORKERS) => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      await using program = Program.launch({ WORKERS, PORT: String(port) });
      expect((await program.exited).code).toBe(69);
      expect(program.errors.trim().split('\n')).toEqual([
        `${packageJson.name}: Cannot listen on 127.0.0.1:${port}: the port is in use (EADDRINUSE)`,
      ]);
      holder.close();
    },
  );

  test('flushes the log and stops the features already created, within the shutdown timeout', async () => {
    const env = { WORKERS: '0', SHUTDOWN_TIMEOUT_MS: '500' };
    await using program = Program.launch(env, root, `${root}test/program/failing-feature-program.ts`);
    expect((await program.exited).code).toBe(70);
    expect(program.lines.map(({ msg }) => msg)).toEqual(['database connection failed', 'pool closed']);
    expect(program.errors).toMatch(
      /Cannot start: Error: no database\n[^]*^Caused by: AggregateError\n[^]*^Caused by: Error: connect ECONNREFUSED ::1:5432\n/m,
    );
  });
});

describe('npm start', () => {
  // npm runs a shell, which a signal would end without being passed on. `exec` in the script replaces the shell with the
  // program. (Windows has neither `exec` nor signals.)
  test.each([
    ['SIGTERM to npm alone', (npm: ChildProcess) => npm.kill('SIGTERM')],
    ['Ctrl-C', (npm: ChildProcess) => process.kill(-(npm.pid ?? 0), 'SIGINT')],
  ])('exits with code 0 on %s and leaves no process', async (_how, end) => {
    const npm = spawn('npm', ['start'], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...testEnvironment, PORT: '0', MANAGEMENT_PORT: '0', WORKERS: '1' },
    });
    const exited = once(npm, 'exit');
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const started = await until('the start', () => {
      const line = output.split('\n').find((text) => text.includes('"started"') && text.endsWith('}'));
      return line === undefined
        ? undefined
        : (JSON.parse(line) as { pid: number; workers: { pid: number }[] });
    });
    const pids = [started.pid, ...started.workers.map(({ pid }) => pid)];
    expect(pids.every(isAlive)).toBe(true);
    end(npm);
    expect(await exited).toEqual([0, null]);
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
