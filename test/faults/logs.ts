/** Log sinks that stall, close or are full. */
import { spawn } from 'node:child_process';
import { openSync, closeSync, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { testEnvironment } from '../support/environment.ts';
import { until, type Program } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { ask, Traffic } from './traffic.ts';
import type { Lab } from './lab.ts';

async function dropped(program: Program): Promise<number> {
  return (await program.workers()).reduce((sum, { report }) => sum + (report?.droppedLogLines ?? 0), 0);
}

export const stalledLog: Fault = {
  name: 'log-stalled',
  expects:
    'a log reader that stalls, and reads again: 0 failed, drops are counted, and the log says so; stops in time while stalled',
  async run(lab) {
    // One pool thread: a write that waited on it would stop every file and every look-up.
    const program = await lab.start({
      THREAD_POOL_SIZE: '1',
      LOG_MAX_WAITING_BYTES: '100000',
      LOG_LEVEL: 'debug',
    });
    const traffic = lab.load(program);
    await traffic.reach(100);
    program.process.stdout?.pause();
    await until('dropped lines', async () => ((await dropped(program)) > 100 ? true : undefined), 60_000);
    const during = traffic.failed;
    const lost = await dropped(program);
    program.process.stdout?.resume();
    const said = await program.logged('log-lines-dropped').catch(() => undefined);
    await traffic.stop();

    const other = await lab.start({ THREAD_POOL_SIZE: '1' });
    const more = lab.load(other);
    other.process.stdout?.pause();
    await more.reach(lab.short ? 2_000 : 4_000);
    await more.stop();
    const startedAt = performance.now();
    other.kill('SIGTERM');
    await once(other.process, 'exit');
    const stoppedMs = Math.round(performance.now() - startedAt);
    other.process.stdout?.resume();
    return {
      figure: `${traffic.summary}; ${lost} lines dropped, the log says ${String(said?.['dropped'])}; stalled, the stop took ${stoppedMs} ms`,
      checks: {
        'no request failed': traffic.failed + during + more.failed === 0,
        'drops are counted': lost > 0,
        'the log says so': Number(said?.['dropped']) > 0,
        'it stops in time while stalled': stoppedMs < 8_000,
      },
    };
  },
};

/** Started with standard output as it is given; found by ports that are free. */
async function startWith(lab: Lab, stdout: 'pipe' | number) {
  const [port, management] = await Promise.all([freePort(), freePort()]);
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: lab.folder,
    stdio: ['ignore', stdout, 'ignore'],
    env: {
      PATH: process.env['PATH'],
      ...testEnvironment,
      PORT: String(port),
      MANAGEMENT_PORT: String(management),
      WORKERS: '2',
      LOG_MAX_WAITING_BYTES: '50000',
    },
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const managementUrl = `http://127.0.0.1:${management}`;
  await until('readiness', async () => {
    const answer = await ask({ url: `${managementUrl}/readyz` }).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return { child, exited, url: `http://127.0.0.1:${port}`, managementUrl };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function withBadLog(lab: Lab, kind: string, stdout: 'pipe' | number) {
  const { child, exited, url, managementUrl } = await startWith(lab, stdout);
  child.stdout?.destroy();
  const traffic = new Traffic(10, [{ url: `${url}/faults/small` }]);
  await traffic.reach(lab.amount(2_000));
  await traffic.stop();
  await sleep(2_500);
  const { text } = await ask({ url: `${managementUrl}/workers` });
  const { workers } = JSON.parse(text) as {
    workers: { report: { droppedLogLines: number; vitals: { cpuPercent: number } } }[];
  };
  const drops = workers.reduce((sum, { report }) => sum + report.droppedLogLines, 0);
  const cpu = Math.max(...workers.map(({ report }) => report.vitals.cpuPercent));
  child.kill('SIGTERM');
  const code = await Promise.race([exited, sleep(10_000, undefined)]);
  child.kill('SIGKILL');
  return {
    figure: `${kind}: ${traffic.summary}, ${drops} lines dropped, ${Math.round(cpu)} % CPU when idle, exit ${code}`,
    checks: {
      [`${kind}: no request failed`]: traffic.failed === 0,
      [`${kind}: drops are counted`]: drops > 0,
      [`${kind}: nothing spins`]: cpu < 30,
      [`${kind}: exit code 0`]: code === 0,
    },
  };
}

export const closedLog: Fault = {
  name: 'log-closed-or-full',
  expects:
    'a log pipe that nobody reads any more, and a full disk: 0 failed, drops are counted, nothing spins, exit 0',
  async run(lab) {
    const closed = await withBadLog(lab, 'closed', 'pipe');
    if (!existsSync('/dev/full')) return closed;
    const fd = openSync('/dev/full', 'w');
    const full = await withBadLog(lab, 'full', fd);
    closeSync(fd);
    return { figure: `${closed.figure} | ${full.figure}`, checks: { ...closed.checks, ...full.checks } };
  },
};
