/** A primary that is killed, one that is paused, and one that looks after silent workers; the primary as process 1 of a container. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { testEnvironment } from '../support/environment.ts';
import { until } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { startChildren } from './orphans.ts'; // not in a copy
import { allGone, grace } from './remains.ts';
import { ask } from './traffic.ts';

export const killedPrimary: Fault = {
  name: 'orphans-of-the-primary',
  expects:
    'SIGKILL of the primary, one worker in a busy loop: the workers, and all they started, are gone within the grace period',
  async run(lab) {
    const program = await lab.start(grace);
    await startChildren(lab, program, 2); // not in a copy
    void ask({ url: `${program.url}/faults/busy`, method: 'POST' }).catch(() => undefined);
    await sleep(300);
    const all = lab.processes().filter((pid) => pid !== program.pid);
    program.kill('SIGKILL');
    const { left, tookMs } = await allGone(lab, all, 10_000);
    return {
      figure: `${left} of ${all.length} left after ${tookMs} ms (limits of 2000 ms)`,
      checks: { 'all are gone': left === 0, 'within the grace period': tookMs < 6_000 },
    };
  },
};

export const pausedPrimary: Fault = {
  name: 'paused-primary',
  expects:
    'SIGSTOP of the primary for three times the heartbeat limit, then SIGCONT: no worker is killed; 0 failed',
  async run(lab) {
    const program = await lab.start({ HEARTBEAT_TIMEOUT_MS: '1000' });
    const traffic = lab.load(program);
    const before = (await program.readyWorkers(2)).map(({ pid }) => pid).join();
    program.kill('SIGSTOP');
    const atPause = traffic.answered;
    await sleep(3_000);
    const during = traffic.answered - atPause;
    program.kill('SIGCONT');
    await sleep(3_000);
    const after = (await program.readyWorkers(2)).map(({ pid }) => pid).join();
    await traffic.stop();
    const killed = program.lines.filter(({ event }) => event === 'unresponsive').length;
    return {
      figure: `${killed} killed, ${during} answered in the pause; ${traffic.summary}`,
      checks: {
        'the same workers': before === after,
        'none was killed': killed === 0,
        'no request failed': traffic.failed === 0,
        'the service went on for every connection': during >= 20,
      },
    };
  },
};

export const silentWorker: Fault = {
  name: 'silent-worker',
  expects:
    '/metrics, /readyz and /workers of the management port while a worker is silent: always an answer, in time',
  async run(lab) {
    const program = await lab.start({ HEARTBEAT_TIMEOUT_MS: '20000' });
    const [victim] = await program.readyWorkers(2);
    const pid = victim?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    const statuses: number[] = [];
    let slowest = 0;
    let named = 0;
    try {
      for (let round = 0; round < 5; round += 1) {
        const answers = await Promise.all(
          ['/metrics', '/metrics', '/readyz', '/workers'].map(async (path) => {
            const startedAt = performance.now();
            const answer = await ask({ url: `${program.managementUrl}${path}` });
            slowest = Math.max(slowest, performance.now() - startedAt);
            return answer;
          }),
        );
        statuses.push(...answers.map(({ status }) => status));
        if (answers[0]?.text.includes(`supervision_worker_silent{worker="${victim?.id}"} 1`) === true)
          named += 1;
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    return {
      figure: `${statuses.filter((status) => status === 200).length} of ${statuses.length} × 200, slowest ${Math.round(slowest)} ms, named ${named} of 5 times`,
      checks: {
        'always an answer': statuses.every((status) => status === 200),
        'in time': slowest < 4_000,
        'the silent one is named': named === 5,
      },
    };
  },
};

/** Whether a process may make itself the first of a new process namespace here. */
function canBeProcessOne(): boolean {
  return spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
}

export const processOne: Fault = {
  name: 'process-one',
  expects: 'as process 1 of a container: adopted orphans are reaped, SIGTERM stops in order, exit code 0',
  async run(lab) {
    if (!canBeProcessOne())
      return { figure: 'left out: no new process namespace may be made here', checks: {} };
    const container = spawn(
      'unshare',
      ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, 'src/main.ts'],
      {
        cwd: lab.folder,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env['PATH'], ...testEnvironment, PORT: '0', MANAGEMENT_PORT: '0', WORKERS: '1' },
      },
    );
    let output = '';
    container.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const exited = new Promise<number | null>((resolve) => container.once('close', resolve));
    const started = await until('the start', () => {
      const line = output
        .split('\n')
        .find((text) => text.includes('"event":"started"') && text.endsWith('}'));
      return line === undefined ? undefined : (JSON.parse(line) as { address: string; management: string });
    });
    for (let i = 0; i < 5; i += 1) await ask({ url: `${started.address}/faults/orphan`, method: 'POST' });
    await sleep(2_000); // each orphan lives for half a second
    const left = zombiesOf(container.pid ?? 0);
    const first = lab.processes().find((pid) => namespacePid(pid) === 1);
    if (first !== undefined) process.kill(first, 'SIGTERM');
    const code = await Promise.race([exited, sleep(10_000, undefined)]);
    container.kill('SIGKILL');
    return {
      figure: `5 orphans, ${left} zombies left; exit ${code}`,
      checks: { 'no zombie is left': left === 0, 'exit code 0': code === 0 },
    };
  },
};

/** A process's id as it is inside its own namespace. */
function namespacePid(pid: number): number {
  return Number(/^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Descendants that have ended and that nobody has asked after; a zombie has no working directory to be found by. */
function zombiesOf(pid: number): number {
  const result = spawnSync('ps', ['-eo', 'pid=,ppid=,stat='], { encoding: 'utf8' });
  const rows = result.stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const below = new Set([String(pid)]);
  for (let size = 0; size !== below.size;) {
    size = below.size;
    for (const [child = '', parent = ''] of rows) if (below.has(parent)) below.add(child);
  }
  return rows.filter(([child = '', , state = '']) => below.has(child) && state.startsWith('Z')).length;
}
