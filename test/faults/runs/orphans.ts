/** Child processes of a service that is killed or shut down. */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Program } from '../../support/program.ts';
import { databaseProcesses } from '../database-server.ts';
import type { Fault } from '../fault.ts';
import { shortTimeouts, untilGone } from '../leftovers.ts';
import type { Sandbox } from '../sandbox.ts';
import { send } from '../traffic.ts';

/**
 * Starts children that ignore SIGTERM, each with a child of its own. They run as long as the request that started them.
 *
 * @returns the ids of all new processes
 */
export async function startStubbornChildren(
  sandbox: Sandbox,
  program: Program,
  count: number,
): Promise<number[]> {
  const before = new Set(sandbox.processes());
  const added = () => {
    const database = new Set(databaseProcesses(sandbox)); // one more with each connection
    return sandbox.processes().filter((pid) => !before.has(pid) && !database.has(pid));
  };
  for (let i = 0; i < count; i += 1) {
    void send({ url: `${program.url}/faults/stubborn-child` }).catch(() => undefined);
  }
  return until(`${count} children and ${count} grandchildren`, async () => {
    await sleep(100);
    const pids = added();
    if (pids.length < 2 * count) return undefined;
    // Each worker may also start a keeper, which kills its children if the worker dies.
    await sleep(300);
    return added().length === pids.length ? pids : undefined;
  });
}

export const orphansOfWorker: Fault = {
  name: 'orphans-of-worker',
  expects:
    'SIGKILL of a worker with children and grandchildren that ignore SIGTERM: no orphan left; worker replaced',
  async run(sandbox) {
    const program = await sandbox.start({ ...shortTimeouts, WORKERS: '1' });
    const [worker] = await program.readyWorkers(1);
    const children = await startStubbornChildren(sandbox, program, 4);
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    const { left, tookMs } = await untilGone(sandbox, children, 5_000);
    await until('a new worker', async () =>
      (await program.workers()).some(({ state }) => state === 'ready') ? true : undefined,
    );
    return {
      figure: `${left} of ${children.length} processes left after ${tookMs} ms`,
      checks: { 'no orphan left': left === 0 },
    };
  },
};

export const orphansOfAll: Fault = {
  name: 'orphans-of-all',
  expects:
    'SIGKILL of the primary and all workers at once, with children that ignore SIGTERM: no orphan left',
  async run(sandbox) {
    const program = await sandbox.start(shortTimeouts);
    const children = await startStubbornChildren(sandbox, program, 4);
    program.killGroup('SIGKILL');
    const { left, tookMs } = await untilGone(sandbox, children, 5_000);
    return {
      figure: `${left} of ${children.length} processes left after ${tookMs} ms`,
      checks: { 'no orphan left': left === 0 },
    };
  },
};

export const orphansOfShutdown: Fault = {
  name: 'orphans-of-shutdown',
  expects:
    'SIGTERM with children that ignore SIGTERM: their process groups killed at the deadline; exit code 0',
  async run(sandbox) {
    const program = await sandbox.start(shortTimeouts);
    const children = await startStubbornChildren(sandbox, program, 4);
    const startedAt = performance.now();
    const exit = await program.stop();
    const exitMs = Math.round(performance.now() - startedAt);
    const { left, tookMs } = await untilGone(sandbox, children, 3_000);
    return {
      figure: `exit code ${exit.code} after ${exitMs} ms; ${left} of ${children.length} processes left ${tookMs} ms later`,
      checks: {
        'no orphan left': left === 0,
        'exit code 0': exit.code === 0,
        'exit within 5 s': exitMs < 5_000,
      },
    };
  },
};
