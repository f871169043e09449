/** Whatever is killed, nothing of it lives on. */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Program } from '../support/program.ts';
import type { Fault } from './fault.ts';
import type { Lab } from './lab.ts';
import { allGone, grace } from './remains.ts';
import { ask } from './traffic.ts';

/** A client that waits for ever keeps what it asked for alive. @returns the processes that this added */
export async function startChildren(lab: Lab, program: Program, count: number): Promise<number[]> {
  const before = new Set(lab.processes());
  for (let i = 0; i < count; i += 1)
    void ask({ url: `${program.url}/faults/stubborn-child` }).catch(() => undefined);
  return until(`${count} children and their children`, async () => {
    await sleep(100);
    const added = lab.processes().filter((pid) => !before.has(pid));
    // Beside them each worker may have started one that watches over them.
    return added.length >= 2 * count && (await settled(lab, before, added)) ? added : undefined;
  });
}

async function settled(lab: Lab, before: ReadonlySet<number>, added: readonly number[]): Promise<boolean> {
  await sleep(300);
  return lab.processes().filter((pid) => !before.has(pid)).length === added.length;
}

export const killedWorkersChildren: Fault = {
  name: 'orphans-of-a-worker',
  expects: 'SIGKILL of a worker with stubborn children and grandchildren: all of them gone',
  async run(lab) {
    const program = await lab.start({ ...grace, WORKERS: '1' });
    const [worker] = await program.readyWorkers(1);
    const children = await startChildren(lab, program, 4);
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    const { left, tookMs } = await allGone(lab, children, 5_000);
    await until('a new worker', async () =>
      (await program.workers()).some(({ state }) => state === 'ready') ? true : undefined,
    );
    return {
      figure: `${left} of ${children.length} left after ${tookMs} ms`,
      checks: { 'all are gone': left === 0 },
    };
  },
};

export const killedAll: Fault = {
  name: 'orphans-of-all',
  expects: 'SIGKILL of the primary and all workers at the same time: their children are gone too',
  async run(lab) {
    const program = await lab.start(grace);
    const children = await startChildren(lab, program, 4);
    program.killGroup('SIGKILL');
    const { left, tookMs } = await allGone(lab, children, 5_000);
    return {
      figure: `${left} of ${children.length} left after ${tookMs} ms`,
      checks: { 'all are gone': left === 0 },
    };
  },
};

export const deadline: Fault = {
  name: 'orphans-of-a-stop',
  expects: 'SIGTERM with stubborn children: their groups are killed at the deadline, exit 0',
  async run(lab) {
    const program = await lab.start(grace);
    const children = await startChildren(lab, program, 4);
    const startedAt = performance.now();
    program.kill('SIGTERM');
    const exit = await program.exited;
    const endedMs = Math.round(performance.now() - startedAt);
    const { left, tookMs } = await allGone(lab, children, 3_000);
    return {
      figure: `ended after ${endedMs} ms, exit ${exit.code}; ${left} of ${children.length} children left ${tookMs} ms later`,
      checks: { 'all are gone': left === 0, 'exit code 0': exit.code === 0, 'in time': endedMs < 5_000 },
    };
  },
};
