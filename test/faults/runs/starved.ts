import { spawn, spawnSync } from 'node:child_process';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { connectToWorker, send } from '../traffic.ts';

const TIMEOUT_MS = 1_000;
/** With this many busy processes on its core a worker gets 4% of it, and 100 ms of CPU time take seconds. */
const SPINNERS = 24;
const WORK_MS = 100;

export const starvedWorker: Fault = {
  name: 'starved-worker',
  alone: true,
  expects: 'worker starved of CPU past the heartbeat timeout: not killed; a stopped worker: killed',
  async run(sandbox) {
    const program = await sandbox.start({ HEARTBEAT_TIMEOUT_MS: String(TIMEOUT_MS) });
    const [starved, stopped] = await program.readyWorkers(2);
    const pid = starved?.pid ?? 0;
    const agent = await connectToWorker(program, pid);
    const pinned = spawnSync('taskset', ['-a', '-cp', '0', String(pid)]).status === 0;
    if (!pinned) return { figure: 'skipped: taskset is not available', checks: {} };

    const spinners = Array.from({ length: SPINNERS }, () =>
      // Each in a session of its own, because the kernel may divide CPU time by session.
      spawn('taskset', ['-c', '0', '/bin/sh', '-c', 'while :; do :; done'], {
        stdio: 'ignore',
        cwd: sandbox.folder,
        detached: true,
      }),
    );
    await sleep(500); // until they run
    const worked = send({ url: `${program.url}/faults/work?n=${WORK_MS}` }, agent).then(
      ({ status }) => String(status),
      () => 'aborted',
    );
    let maxSilentMs = 0;
    const until = performance.now() + 4 * TIMEOUT_MS;
    while (performance.now() < until) {
      const silentMs = (await program.workers()).find((worker) => worker.pid === pid)?.silentMs ?? 0;
      maxSilentMs = Math.max(maxSilentMs, silentMs);
      sandbox.show(`no heartbeat for up to ${maxSilentMs} ms`);
      await sleep(50);
    }
    for (const spinner of spinners) spinner.kill('SIGKILL');
    const killed = program.lines.some(
      ({ event, workerPid }) => event === 'unresponsive' && workerPid === pid,
    );
    const status = await worked;
    agent.destroy();
    if (maxSilentMs <= TIMEOUT_MS && !killed) {
      return { figure: 'skipped: no worker could be starved on this machine', checks: {} };
    }

    const startedAt = performance.now();
    process.kill(stopped?.pid ?? 0, 'SIGSTOP');
    await program.logged('unresponsive', { workerPid: stopped?.pid ?? 0 });
    const afterMs = Math.round(performance.now() - startedAt);
    return {
      figure: `starved: no heartbeat for up to ${maxSilentMs} ms (timeout ${TIMEOUT_MS} ms), ${killed ? 'killed' : 'not killed'}, response: ${status}; stopped: killed after ${afterMs} ms`,
      checks: {
        'starved worker not killed': !killed,
        'its request completed': status === '200',
        'stopped worker killed': afterMs < 4 * TIMEOUT_MS,
      },
    };
  },
};
