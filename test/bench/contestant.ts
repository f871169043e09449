import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface ContestantOptions {
  readonly name: string;
  /** A program in `contestants/`. */
  readonly program: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The cores it may use; all where it is not said or the platform cannot pin. */
  readonly cpus?: string;
}

/** Whether processes can be kept on a core here. */
export const canPin =
  process.platform === 'linux' && existsSync('/usr/bin/taskset') && availableParallelism() > 1;

/** One server of the bench: a process of its own, whose log goes to a file. */
export class Contestant implements AsyncDisposable {
  readonly name: string;
  readonly process: ChildProcess;
  /** From the start of the process to its first line, in milliseconds. */
  startMs = 0;
  url = '';
  managementUrl: string | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'bench-'));
  readonly #logFile = join(this.#folder, 'log');

  private constructor({ name, program, env = {}, cpus }: ContestantOptions) {
    this.name = name;
    const file = fileURLToPath(new URL(`./contestants/${program}`, import.meta.url));
    const command = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=FSTDEP023',
      file,
    ];
    const [executable = '', ...args] =
      cpus !== undefined && canPin ? ['taskset', '-c', cpus, ...command] : command;
    const log = openSync(this.#logFile, 'w');
    this.process = spawn(executable, args, {
      stdio: ['ignore', log, 'inherit'],
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    });
    closeSync(log);
  }

  static async start(options: ContestantOptions): Promise<Contestant> {
    const startedAt = performance.now();
    const contestant = new Contestant(options);
    for (;;) {
      const line = contestant.log
        .split('\n')
        .find((text) => text.includes('"address"') && text.endsWith('}'));
      if (line !== undefined) {
        const { address, management } = JSON.parse(line) as { address: string; management?: string };
        contestant.url = address;
        contestant.managementUrl = management;
        contestant.startMs = performance.now() - startedAt;
        return contestant;
      }
      if (contestant.process.exitCode !== null) throw new Error(`${options.name} ended before it was ready`);
      await sleep(2);
    }
  }

  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  get pids(): number[] {
    const pid = this.process.pid ?? 0;
    return [pid, ...childrenOf(pid)];
  }

  /** CPU time of all its threads and processes so far, in microseconds, as the operating system counted it. */
  cpuMicroseconds(): number {
    return this.pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
  }

  /** The most resident memory it has had, in bytes. */
  peakBytes(): number {
    return this.pids.reduce((sum, pid) => sum + statusOf(pid, 'VmHWM'), 0);
  }

  residentBytes(pid = this.process.pid ?? 0): number {
    return statusOf(pid, 'VmRSS');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null) {
      this.process.kill('SIGKILL');
      await once(this.process, 'exit');
    }
    rmSync(this.#folder, { recursive: true });
  }
}

/** Nanoseconds on a core, by thread: https://docs.kernel.org/scheduler/sched-stats.html */
function cpuOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1000)
    .reduce((sum, time) => sum + time, 0);
}

function statusOf(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
