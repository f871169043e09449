import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compileCacheFolder } from '../../src/process/compile-cache.ts';
import type { ClusterView, WorkerView } from '../../src/supervision/supervision.ts';
import { testEnvironment } from './environment.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A file that the program logs to instead of a pair of sockets, and what arrives at its other end. */
export interface LogFile {
  readonly fd: number;
  readonly output: Readable;
  /** Whether lines of several processes may mix, as they do on a terminal that is full. */
  readonly mixesLines?: boolean;
}

/** The real program, started as a child process on free ports. */
export class Program implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  output = '';
  errors = '';
  readonly #lines: Record<string, unknown>[] = [];
  readonly #mixesLines: boolean;
  #unfinishedLine = '';
  #started: Record<string, unknown> | undefined;

  private constructor(env: Readonly<Record<string, string>>, cwd: string, main: string, log?: LogFile) {
    this.process = spawn(process.execPath, [main], {
      cwd,
      // A process group of its own, so that the whole group can be signaled, as a terminal does.
      detached: true,
      stdio: ['ignore', log?.fd ?? 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        // The service's own cache, here also for the programs of tests, and from their first module on.
        NODE_COMPILE_CACHE: compileCacheFolder,
        PORT: '0',
        MANAGEMENT_PORT: '0',
        WORKERS: '2',
        ...testEnvironment,
        ...env,
      },
    });
    this.#mixesLines = log?.mixesLines ?? false;
    const output = log?.output ?? this.process.stdout;
    // Pipes are socket pairs: that of a killed program may end with ECONNRESET.
    for (const pipe of [output, this.process.stderr]) pipe?.on('error', () => undefined);
    output?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    });
    if (this.pid > 0) this.#startKeeper();
  }

  /**
   * Starts the program and waits until it is ready.
   *
   * @param main the entry point: of this repository, of a copy, or a program of the tests
   */
  static async start(
    env: Readonly<Record<string, string>> = {},
    cwd = root,
    main = `${root}src/main.ts`,
  ): Promise<Program> {
    const program = new Program(env, cwd, main);
    try {
      await program.started();
      return program;
    } catch (error) {
      // The caller has no handle to it, and a program left running would slow down all later tests.
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the program without waiting, if it is not expected to become ready. */
  static launch(
    env: Readonly<Record<string, string>> = {},
    cwd = root,
    main = `${root}src/main.ts`,
    log?: LogFile,
  ): Program {
    return new Program(env, cwd, main, log);
  }

  /** Waits until the program is ready. */
  async started(): Promise<void> {
    this.#started = await this.logged('started');
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get url(): string {
    return String(this.#started?.['address']);
  }

  get managementUrl(): string {
    return String(this.#started?.['management']);
  }

  /** The log lines so far, parsed. */
  get lines(): readonly Record<string, unknown>[] {
    return this.#lines;
  }

  /** Waits for a log line with this event. */
  async logged(
    event: string,
    matches: Readonly<Record<string, unknown>> = {},
    timeoutMs?: number,
  ): Promise<Record<string, unknown>> {
    return until(
      `a log line "${event}"`,
      () => {
        if (this.process.exitCode !== null) {
          throw new Error(
            `the program exited with ${this.process.exitCode}: ${this.errors}${this.output.slice(-2_000)}`,
          );
        }
        return this.lines.find(
          (line) =>
            line['event'] === event && Object.entries(matches).every(([name, value]) => line[name] === value),
        );
      },
      timeoutMs,
    );
  }

  async get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, init);
  }

  async workers(): Promise<WorkerView[]> {
    const response = await fetch(`${this.managementUrl}/workers`);
    return ((await response.json()) as ClusterView).workers;
  }

  /** Waits until this many workers are ready. */
  async readyWorkers(count: number): Promise<WorkerView[]> {
    return until(`${count} ready workers`, async () => {
      const ready = (await this.workers()).filter(({ state }) => state === 'ready');
      return ready.length === count ? ready : undefined;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Parses each line once, on arrival: a load produces many. */
  #read(text: string): void {
    this.output += text;
    const lines = (this.#unfinishedLine + text).split('\n');
    this.#unfinishedLine = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('{') && !(this.#mixesLines && !isJson(line)))
        this.#lines.push(JSON.parse(line) as Record<string, unknown>);
    }
  }

  /** Signals the program and its descendants in the same process group, as Ctrl-C does in a terminal. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  async stop(): Promise<Exit> {
    this.kill('SIGTERM');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#killAll();
    await this.exited;
  }

  /** Starts a shell that kills the program when this process ends for any reason. */
  #startKeeper(): void {
    const keeper = spawn('/bin/sh', ['-c', 'read -r _; kill -KILL "-$0"', String(this.pid)], {
      detached: true, // a signal to the group of this process must not reach it
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    void this.exited.finally(() => keeper.kill());
  }

  #killAll(): void {
    try {
      this.killGroup('SIGKILL');
    } catch {
      // It has exited.
    }
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Polls until there is a result. The default timeout suits a busy machine. */
export async function until<T>(
  what: string,
  poll: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 45_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const found = await poll();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`);
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
