/** Log readers that stall or close the pipe, and a full disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterView } from '../../../src/supervision/supervision.ts';
import { testEnvironment } from '../../support/environment.ts';
import { findFreePort } from '../../support/free-port.ts';
import { until, type Program } from '../../support/program.ts';
import type { Fault, Finding } from '../fault.ts';
import { startLogReader, type LogKind } from '../log-reader.ts';
import type { Sandbox } from '../sandbox.ts';
import { send, Traffic } from '../traffic.ts';

const WINDOW_MS = 3_000;

function countDropped(workers: ClusterView['workers']): number {
  return workers.reduce((sum, { report }) => sum + (report?.droppedLogLines ?? 0), 0);
}

export const stalledLog: Fault = {
  name: 'log-stalled',
  expects:
    'log reader stalls, then reads on: no failed request; dropped lines counted and logged; shutdown in time',
  async run(sandbox) {
    // One pool thread: a log write that blocked it would block all file access and DNS lookups.
    const program = await sandbox.start({
      THREAD_POOL_SIZE: '1',
      LOG_MAX_WAITING_BYTES: '100000',
      LOG_LEVEL: 'debug',
    });
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(100);
    program.process.stdout?.pause();
    const dropped = await until(
      'dropped lines',
      async () => {
        const count = countDropped(await program.workers());
        return count > 100 ? count : undefined;
      },
      60_000,
    );
    program.process.stdout?.resume();
    const logged = await program.logged('log-lines-dropped').catch(() => undefined);
    await traffic.stop();
    await program.stop(); // the next one uses the same data folder

    const stalled = await sandbox.start({ THREAD_POOL_SIZE: '1' });
    const stalledTraffic = sandbox.startTraffic(stalled);
    stalled.process.stdout?.pause();
    await stalledTraffic.untilSent(sandbox.short ? 2_000 : 4_000);
    await stalledTraffic.stop();
    const startedAt = performance.now();
    stalled.kill('SIGTERM');
    await once(stalled.process, 'exit');
    const exitMs = Math.round(performance.now() - startedAt);
    stalled.process.stdout?.resume();
    return {
      figure: `${traffic.summary}; ${dropped} lines dropped, ${String(logged?.['dropped'])} logged as dropped; exit ${exitMs} ms after SIGTERM while stalled`,
      checks: {
        'no failed request': traffic.failed + stalledTraffic.failed === 0,
        'dropped lines counted': dropped > 0,
        'dropped lines logged': Number(logged?.['dropped']) > 0,
        'exit within 8 s while stalled': exitMs < 8_000,
      },
    };
  },
};

/** What makes a worker exit: as it exits, Node.js resets the flags of its standard streams. */
const exits = {
  reload: (program: Program) => send({ url: `${program.managementUrl}/reload`, method: 'POST' }),
  crash: (program: Program) => send({ url: `${program.url}/faults/uncaught-exception`, method: 'POST' }),
  async recycling(program: Program) {
    process.kill((await program.readyWorkers(2))[0]?.pid ?? 0, 'SIGTERM');
  },
};

function stalledAfter(name: string, exit: keyof typeof exits, kind: LogKind): Fault {
  return {
    name,
    expects: `standard output is a ${kind}; a worker exits (${exit}), then the log reader stalls under load: throughput as before; management port responds; dropped lines counted and logged`,
    async run(sandbox) {
      await using reader = await startLogReader(sandbox, kind);
      if (reader === undefined) return { figure: `skipped: no ${kind} on this machine`, checks: {} };
      const program = await sandbox.start({ LOG_MAX_WAITING_BYTES: '50000' }, reader.file);
      const before = new Set((await program.readyWorkers(2)).map(({ pid }) => pid));
      await exits[exit](program);
      await until('the exit of a worker', async () => {
        const workers = await program.workers();
        const ready = workers.filter(({ state }) => state === 'ready');
        const exited = workers.filter(({ pid }) => before.has(pid)).length < before.size;
        return exited && workers.length === 2 && ready.length === 2 ? true : undefined;
      });

      const traffic = sandbox.startTraffic(program);
      await traffic.untilSent(500);
      const reading = await countCompleted(traffic);
      reader.stall(program);
      // Fills what the kernel and the service buffer; a service that blocks does not get that far.
      await Promise.race([traffic.untilSent(traffic.sent + 500), sleep(WINDOW_MS)]);
      const stalled = await countCompleted(traffic);
      const statuses = await Promise.all(
        ['/readyz', '/workers', '/metrics'].map(async (path) => {
          const request = send({ url: `${program.managementUrl}${path}` });
          return Promise.race([request.then(({ status }) => status).catch(() => 0), sleep(5_000, 0)]);
        }),
      );
      const dropped = statuses[1] === 200 ? countDropped(await program.workers()) : 0;
      reader.resume(program);
      const logged = await program.logged('log-lines-dropped', {}, 10_000).catch(() => undefined);
      await traffic.stop();
      const { code } = await program.stop();
      return {
        figure: `${kind}, ${exit}: ${stalled} responses in ${WINDOW_MS / 1_000} s while stalled, ${reading} before; management: ${statuses.join(', ')}; ${dropped} lines dropped, ${String(logged?.['dropped'])} logged as dropped; ${traffic.summary}; exit code ${code}`,
        checks: {
          'no failed request': traffic.failed === 0,
          'throughput as before': stalled > reading / 2,
          'management port responds': statuses.every((status) => status === 200),
          'dropped lines counted': dropped > 0,
          'dropped lines logged': Number(logged?.['dropped']) > 0,
          'exit code 0': code === 0,
        },
      };
    },
  };
}

/** The responses of a window. */
async function countCompleted(traffic: Traffic): Promise<number> {
  const before = traffic.completed;
  await sleep(WINDOW_MS);
  return traffic.completed - before;
}

export const stalledAfterExit: readonly Fault[] = [
  stalledAfter('log-stalled-after-reload', 'reload', 'pipe'),
  stalledAfter('log-stalled-after-recycling', 'recycling', 'pipe'),
  stalledAfter('log-stalled-after-crash', 'crash', 'pipe'),
  stalledAfter('log-stalled-socket', 'reload', 'socket'),
  stalledAfter('log-stalled-terminal', 'reload', 'terminal'),
];

/** Starts the service on free ports that are known without its log. */
async function startWith(sandbox: Sandbox, stdout: 'pipe' | number) {
  const [port, management] = await Promise.all([findFreePort(), findFreePort()]);
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: sandbox.folder,
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
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const managementUrl = `http://127.0.0.1:${management}`;
  await until('readiness', async () => {
    const response = await send({ url: `${managementUrl}/readyz` }).catch(() => undefined);
    return response?.status === 200 ? true : undefined;
  });
  return { child, exited, url: `http://127.0.0.1:${port}`, managementUrl };
}

async function runWithBrokenLog(sandbox: Sandbox, kind: string, stdout: 'pipe' | number): Promise<Finding> {
  const { child, exited, url, managementUrl } = await startWith(sandbox, stdout);
  child.stdout?.destroy();
  const traffic = new Traffic(10, [{ url: `${url}/faults/small` }]);
  await traffic.untilSent(1_000); // more lines than a worker buffers
  await traffic.stop();
  await sleep(2_500); // until the heartbeats report idle workers
  const { text } = await send({ url: `${managementUrl}/workers` });
  const { workers } = JSON.parse(text) as ClusterView;
  const dropped = countDropped(workers);
  const cpuPercent = Math.round(
    Math.max(...workers.map(({ report }) => report?.vitals.cpuPercent ?? Infinity)),
  );
  child.kill('SIGTERM');
  const code = await Promise.race([exited, sleep(10_000, undefined)]);
  child.kill('SIGKILL');
  return {
    figure: `${kind}: ${traffic.summary}, ${dropped} lines dropped, ${cpuPercent}% CPU when idle, exit code ${code}`,
    checks: {
      [`${kind}: no failed request`]: traffic.failed === 0,
      [`${kind}: dropped lines counted`]: dropped > 0,
      [`${kind}: below 30% CPU when idle`]: cpuPercent < 30,
      [`${kind}: exit code 0`]: code === 0,
    },
  };
}

export const closedOrFullLog: Fault = {
  name: 'log-closed-or-full',
  expects:
    'closed log pipe, then full disk: no failed request; dropped lines counted; no busy retries; exit code 0',
  async run(sandbox) {
    const closed = await runWithBrokenLog(sandbox, 'closed pipe', 'pipe');
    if (!existsSync('/dev/full')) return closed;
    const fd = openSync('/dev/full', 'w');
    const full = await runWithBrokenLog(sandbox, 'full disk', fd);
    closeSync(fd);
    return { figure: `${closed.figure} | ${full.figure}`, checks: { ...closed.checks, ...full.checks } };
  },
};
