import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import packageJson from '../../package.json' with { type: 'json' };
import { featureVariables } from '../../src/features.ts';
import { variables } from '../../src/config/variables.ts';
import { badValues } from '../support/bad-values.ts';
import { testEnvironment } from '../support/environment.ts';
import { startProbe } from '../support/probe.ts';
import { isAlive, Program, root, until } from '../support/program.ts';

describe.each([['2'], ['0']])('with WORKERS=%s', (WORKERS) => {
  test('prints one line with the address, serves, and ends with exit code 0 on Ctrl-C, leaving nothing', async () => {
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

describe.each([['1'], ['0']])('a stop with WORKERS=%s', (WORKERS) => {
  test('SIGTERM: it says so before it refuses, finishes what it has, and silent sockets do not hold it up', async () => {
    await using program = await startProbe({
      WORKERS,
      SHUTDOWN_SETTLE_MS: '1500',
      SHUTDOWN_TIMEOUT_MS: '60000',
    });
    const { hostname, port } = new URL(program.url);
    const silent = Array.from({ length: 20 }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    );
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    const asked = program.get('/probe/slow?ms=2500');
    await until('the request to be in flight', () => inFlight(program));
    const stoppedAt = Date.now();
    program.kill('SIGTERM');
    await program.logged('stopping');
    program.kill('SIGTERM'); // a second one changes nothing

    const ready = await until('readiness to fail', async () => {
      const response = await program.get('/readyz');
      return response.status === 503 ? response : undefined;
    });
    expect(ready.headers.get('connection')).toBe('close');
    const service = await fetch(`${program.managementUrl}/readyz`);
    expect(service.status).toBe(503);
    const still = await program.get('/probe/quick');
    expect(still.status).toBe(200);
    expect(still.headers.get('connection')).toBe('close');

    expect((await asked).status).toBe(200);
    expect(await program.exited).toEqual({ code: 0, signal: null });
    // The deadline is a minute away: whatever waited for it would be far above this.
    expect(Date.now() - stoppedAt).toBeLessThan(30_000);
    for (const socket of silent) socket.destroy();
    const stops = program.lines.filter(
      (line) => line['event'] === 'stopping' && line['reason'] === 'SIGTERM',
    );
    expect(new Set(stops.map((line) => line['pid'])).size).toBe(stops.length);
  });

  test('what is not finished at the deadline is cut, and is on record', async () => {
    await using program = await startProbe({ WORKERS, SHUTDOWN_TIMEOUT_MS: '1000' });
    const asked = program.get('/probe/slow?ms=60000');
    const refused = expect(asked).rejects.toThrow();
    const response = await program.get('/probe/endless');
    const reader = response.body?.getReader();
    await reader?.read();
    program.kill('SIGTERM');
    await program.exited;
    await refused;
    await expect(
      (async () => {
        while ((await reader?.read())?.done === false);
      })(),
    ).rejects.toThrow();
    const record = (path: string) => program.lines.filter((line) => line['path'] === path);
    expect(record('/probe/endless')).toEqual([expect.objectContaining({ status: 200, cut: true })]);
    expect(record('/probe/slow')).toEqual([expect.objectContaining({ status: 503, cut: true })]);
  });

  test('a third signal kills', async () => {
    await using program = await startProbe({ WORKERS, SHUTDOWN_TIMEOUT_MS: '60000' });
    const asked = program.get('/probe/endless');
    const response = await asked;
    const pids = (await program.workers()).map(({ pid }) => pid);
    for (let i = 0; i < 3; i += 1) {
      program.kill('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await program.exited).code).toBe(1);
    await until('the workers to be gone', () => (pids.some(isAlive) ? undefined : true));
    await response.body?.cancel().catch(() => undefined);
  });
});

async function inFlight(program: Program): Promise<true | undefined> {
  const response = await fetch(`${program.managementUrl}/metrics`);
  const count = /^http_requests_in_flight (\d+)/m.exec(await response.text())?.[1];
  return Number(count) > 0 ? true : undefined;
}

describe('a start that fails', () => {
  test('names every bad variable at once and ends with 78', async () => {
    const bad = badValues({ ...variables, ...featureVariables });
    await using program = Program.launch(bad);
    expect((await program.exited).code).toBe(78);
    for (const name of Object.keys(bad)) expect(program.errors).toContain(`${name} must be`);
    expect(program.output).toBe('');
  });

  test.each([['2'], ['0']])(
    'says that the port is taken, once, and ends with 69 (WORKERS=%s)',
    async (WORKERS) => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      await using program = Program.launch({ WORKERS, PORT: String(port) });
      expect((await program.exited).code).toBe(69);
      expect(program.errors.trim().split('\n')).toEqual([
        `${packageJson.name}: Cannot listen on 127.0.0.1:${port}: the port is taken (EADDRINUSE)`,
      ]);
      holder.close();
    },
  );

  test('names a .env that cannot be read, and ends with 78', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'env-'));
    try {
      await mkdir(join(folder, '.env'));
      await using program = Program.launch({}, folder);
      expect((await program.exited).code).toBe(78);
      expect(program.errors).toContain('.env cannot be read');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('has in the log what was said before, and stops what had been created, as long as a stop may take', async () => {
    const env = { WORKERS: '0', SHUTDOWN_TIMEOUT_MS: '500' };
    await using program = Program.launch(env, root, `${root}test/process/refused-program.ts`);
    expect((await program.exited).code).toBe(70);
    expect(program.lines.map(({ msg }) => msg)).toEqual(['the database refuses us', 'the pool is closed']);
    expect(program.errors).toContain('Cannot start: Error: no database');
  });
});

describe('.env', () => {
  test('is read from the working directory, and the environment wins over it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'env-'));
    try {
      await writeFile(join(folder, '.env'), 'LOG_LEVEL=debug\nWORKERS=7\n');
      await using program = await Program.start({ WORKERS: '1' }, folder);
      expect(program.lines.some((line) => line['level'] === 'debug')).toBe(true);
      expect(await program.workers()).toHaveLength(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('reaches the workers as their primary has accepted it, also those that come after it has changed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'env-'));
    const limitOf = async (program: Program) =>
      (await program.get('/problems')).headers.get('ratelimit-policy');
    try {
      await writeFile(join(folder, '.env'), 'RATE_LIMIT_MAX=7000\n');
      await using program = await Program.start({ WORKERS: '1' }, folder);
      expect(await limitOf(program)).toContain('q=7000');
      await writeFile(join(folder, '.env'), 'RATE_LIMIT_MAX=8000\n');
      const [worker] = await program.readyWorkers(1);
      process.kill(worker?.pid ?? 0, 'SIGKILL');
      await program.logged('replaced');
      expect(await limitOf(program)).toContain('q=7000');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('npm start', () => {
  // Between npm and the program is a shell. It would die of a signal without passing it on, so it is replaced by the
  // program: that is what `exec` in the script does. (Windows has no `exec`, and no signals either.)
  test.each([
    ['SIGTERM to npm alone', (npm: ChildProcess) => npm.kill('SIGTERM')],
    ['Ctrl-C', (npm: ChildProcess) => process.kill(-(npm.pid ?? 0), 'SIGINT')],
  ])('ends with exit code 0 on %s, and leaves nothing', async (_how, end) => {
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
