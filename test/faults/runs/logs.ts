/** Log readers that stall or close the pipe, and a full disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterView } from '../../../src/supervision/supervision.ts';
import { testEnvironment } from '../../support/environment.ts';
import { until } from '../../support/program.ts';
import type { Fault, Finding } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';
import { send, Traffic } from '../traffic.ts';

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

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function runWithBrokenLog(sandbox: Sandbox, kind: string, stdout: 'pipe' | number): Promise<Finding> {
  const { child, exited, url, managementUrl } = await startWith(sandbox, stdout);
  child.stdout?.destroy();
  const traffic = new Traffic(10, [{ url: `${url}/faults/small` }]);
  await traffic.untilSent(sandbox.amount(2_000));
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
