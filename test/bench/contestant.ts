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
  /** The CPUs that it may use, on platforms with CPU affinity. Defaults to all. */
  readonly cpus?: string;
}

/** Whether processes can be pinned to a CPU. */
export const canPin =
  process.platform === 'linux' && existsSync('/usr/bin/taskset') && availableParallelism() > 1;

/** A server of the benchmark: a process of its own that logs to a file. */
export class Contestant implements AsyncDisposable {
  readonly name: string;
  readonly process: ChildProcess;
  /** From the start of the process to its first log line, in milliseconds. */
  startMs = 0;
  url = '';
  managementUrl: string | undefined;
  readonly #folder: string;

  private constructor(name: string, child: ChildProcess, folder: string) {
    this.name = name;
    this.process = child;
    this.#folder = folder;
  }

  /** Starts a server and waits until it listens. */
  static async start(options: ContestantOptions): Promise<Contestant> {
    const startedAt = performance.now();
    const contestant = Contestant.#launch(options);
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
      if (contestant.process.exitCode !== null) {
        await contestant[Symbol.asyncDispose]();
        throw new Error(`${options.name} exited before it was ready`);
      }
      await sleep(2);
    }
  }

  static #launch({ name, program, env = {}, cpus }: ContestantOptions): Contestant {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    const file = fileURLToPath(new URL(`./contestants/${program}`, import.meta.url));
    const flags = ['--disable-warning=ExperimentalWarning', '--disable-warning=FSTDEP023'];
    const pin = cpus !== undefined && canPin ? ['taskset', '-c', cpus] : [];
    const [executable, ...args] = [...pin, process.execPath, ...flags, file];
    const log = openSync(join(folder, 'log'), 'w');
    const child = spawn(executable, args, {
      stdio: ['ignore', log, 'inherit'],
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    });
    closeSync(log);
    return new Contestant(name, child, folder);
  }

  get log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }

  get pids(): number[] {
    const pid = this.process.pid ?? 0;
    return [pid, ...childrenOf(pid)];
  }

  /** CPU time of all its threads and processes so far, in microseconds, as the operating system counts it. */
  cpuMicroseconds(): number {
    return this.pids.reduce((sum, pid) => sum + cpuMicrosecondsOf(pid), 0);
  }

  /** Its peak resident memory, in bytes. */
  peakBytes(): number {
    return this.pids.reduce((sum, pid) => sum + readStatusBytes(pid, 'VmHWM'), 0);
  }

  residentBytes(pid = this.process.pid ?? 0): number {
    return readStatusBytes(pid, 'VmRSS');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null) {
      this.process.kill('SIGKILL');
      await once(this.process, 'exit');
    }
    rmSync(this.#folder, { recursive: true });
  }
}

/** The first field of schedstat is the CPU time in nanoseconds: https://docs.kernel.org/scheduler/sched-stats.html */
function cpuMicrosecondsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1000)
    .reduce((sum, time) => sum + time, 0);
}

function readStatusBytes(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
