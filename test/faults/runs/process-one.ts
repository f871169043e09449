import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { testEnvironment } from '../../support/environment.ts';
import { until } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { send } from '../traffic.ts';

const NAMESPACE = ['--pid', '--fork', '--mount-proc'];

/** @returns why this machine cannot run the program as its image does; undefined if it can */
function findObstacle(): string | undefined {
  if (spawnSync('tini', ['--version']).status !== 0) return 'tini is not installed';
  const { status } = spawnSync('unshare', [...NAMESPACE, 'true']);
  return status === 0 ? undefined : 'this user may not create a PID namespace';
}

export const processOne: Fault = {
  name: 'process-one',
  alone: true,
  expects: 'tini as PID 1, as in the image: orphans reaped; SIGTERM exits with 0',
  async run(sandbox) {
    const obstacle = findObstacle();
    if (obstacle !== undefined) return { figure: `skipped: ${obstacle}`, checks: {} };
    const command = ['tini', '--', process.execPath, 'src/main.ts'];
    const container = spawn('unshare', [...NAMESPACE, '--kill-child', ...command], {
      cwd: sandbox.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], ...testEnvironment, PORT: '0', MANAGEMENT_PORT: '0', WORKERS: '1' },
    });
    let output = '';
    container.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const exited = new Promise<number | null>((resolve) => container.once('close', resolve));
    const { address } = await until('the start', () => {
      const lines = output.split('\n');
      const line = lines.find((text) => text.includes('"event":"started"') && text.endsWith('}'));
      return line === undefined ? undefined : (JSON.parse(line) as { address: string });
    });
    let orphans = 0;
    for (let i = 0; i < 5; i += 1) {
      const { status } = await send({ url: `${address}/faults/orphan`, method: 'POST' });
      if (status === 200) orphans += 1;
    }
    await sleep(2_000); // each orphan runs for half a second
    const zombies = countZombies(container.pid ?? 0);
    const first = sandbox.processes().find((pid) => namespacePid(pid) === 1);
    if (first !== undefined) process.kill(first, 'SIGTERM');
    const code = await Promise.race([exited, sleep(10_000, undefined)]);
    container.kill('SIGKILL');
    return {
      figure: `${orphans} orphans, ${zombies} zombies left; exit code ${code}`,
      checks: { 'five orphans': orphans === 5, 'no zombie left': zombies === 0, 'exit code 0': code === 0 },
    };
  },
};

/** The id of a process inside its own namespace. */
function namespacePid(pid: number): number {
  return Number(/^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Counts descendants by their parents: a zombie has no working directory. */
function countZombies(pid: number): number {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid=,stat='], { encoding: 'utf8' });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const descendants = new Set([String(pid)]);
  for (let size = 0; size !== descendants.size;) {
    size = descendants.size;
    for (const [child = '', parent = ''] of rows) if (descendants.has(parent)) descendants.add(child);
  }
  return rows.filter(([child = '', , state = '']) => descendants.has(child) && state.startsWith('Z')).length;
}
