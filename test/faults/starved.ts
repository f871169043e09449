/** A worker that is kept from running by others, and ones that do not run for reasons of their own. */
import { spawn, spawnSync } from 'node:child_process';
import { Agent } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { ask } from './traffic.ts';

const LIMIT_MS = 1_000;
/** With so many beside it on one core it gets 4 % of that, and 100 ms of work take it seconds. */
const SPINNERS = 24;
const WORK_MS = 100;

/** A connection that a certain worker has accepted. */
async function connectTo(program: Program, pid: number): Promise<Agent> {
  for (;;) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { text } = await ask({ url: `${program.url}/faults/small` }, agent);
    if ((JSON.parse(text) as { pid: number }).pid === pid) return agent;
    agent.destroy();
  }
}

export const starvedWorker: Fault = {
  name: 'starved-worker',
  expects:
    'a worker that gets hardly any CPU time for three times the heartbeat limit: not killed; one that is stopped: replaced',
  async run(lab) {
    const program = await lab.start({ HEARTBEAT_TIMEOUT_MS: String(LIMIT_MS) });
    const [starved, stopped] = await program.readyWorkers(2);
    const pid = starved?.pid ?? 0;
    const agent = await connectTo(program, pid);
    const onOneCore = (of: number) => spawnSync('taskset', ['-a', '-cp', '0', String(of)]).status === 0;
    if (!onOneCore(pid)) return { figure: 'left out: there is no taskset here', checks: {} };

    const spinners = Array.from({ length: SPINNERS }, () =>
      // Each in a session of its own: the kernel may share out the cores by session.
      spawn('taskset', ['-c', '0', '/bin/sh', '-c', 'while :; do :; done'], {
        stdio: 'ignore',
        cwd: lab.folder,
        detached: true,
      }),
    );
    await sleep(500); // they need a moment to start
    const worked = ask({ url: `${program.url}/faults/work?n=${WORK_MS}` }, agent).then(
      ({ status }) => String(status),
      () => 'cut',
    );
    let longestMs = 0;
    const until = performance.now() + 4 * LIMIT_MS;
    while (performance.now() < until) {
      const silentMs = (await program.workers()).find((worker) => worker.pid === pid)?.silentMs ?? 0;
      longestMs = Math.max(longestMs, silentMs);
      lab.say(`silent for ${longestMs} ms at most`);
      await sleep(50);
    }
    for (const spinner of spinners) spinner.kill('SIGKILL');
    const killed = () =>
      program.lines.filter(({ event }) => event === 'unresponsive').map(({ workerPid }) => workerPid);
    const starvedKilled = killed().includes(pid);
    const answer = await worked;
    agent.destroy();
    if (longestMs <= LIMIT_MS && !starvedKilled) {
      return { figure: 'left out: no worker could be starved here', checks: {} };
    }

    const startedAt = performance.now();
    process.kill(stopped?.pid ?? 0, 'SIGSTOP');
    await program.logged('unresponsive', { workerPid: stopped?.pid ?? 0 });
    const afterMs = Math.round(performance.now() - startedAt);
    return {
      figure: `starved: silent for up to ${longestMs} ms (limit ${LIMIT_MS}), ${starvedKilled ? 'killed' : 'not killed'}, its request: ${answer}; stopped: killed after ${afterMs} ms`,
      checks: {
        'the starved one was not killed': !starvedKilled,
        'and answered in the end': answer === '200',
        'the stopped one was': afterMs < 4 * LIMIT_MS,
      },
    };
  },
};
