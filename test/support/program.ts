import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compiledFolder } from '../../src/process/compile-cache.ts';
import { testEnvironment } from './environment.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

interface WorkerView {
  readonly id: number;
  readonly pid: number;
  readonly state: string;
  readonly restarts: number;
  /** Since it was last heard. */
  readonly silentMs: number;
  readonly report?: {
    readonly droppedLogLines: number;
    readonly requests: { readonly inFlight: number };
    readonly vitals: { readonly rssBytes: number; readonly cpuPercent: number };
  };
}

/** The real program, started from outside on free ports. */
export class Program implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  output = '';
  errors = '';
  readonly #lines: Record<string, unknown>[] = [];
  #unfinishedLine = '';
  #started: Record<string, unknown> | undefined;

  private constructor(env: Readonly<Record<string, string>>, cwd: string, main: string) {
    this.process = spawn(process.execPath, [main], {
      cwd,
      // A group of its own, so that a signal can be sent to all of it as a terminal does.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        // Where the service keeps it by itself: so the programs of tests have it as well, and all from their first module.
        NODE_COMPILE_CACHE: compiledFolder,
        PORT: '0',
        MANAGEMENT_PORT: '0',
        WORKERS: '2',
        ...testEnvironment,
        ...env,
      },
    });
    // Pipes are pairs of sockets: that of a killed program may end with ECONNRESET.
    for (const pipe of [this.process.stdout, this.process.stderr]) pipe?.on('error', () => undefined);
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    });
    if (this.pid > 0) this.#startKeeper();
  }

  /**
   * Starts it and waits until it says that it is ready.
   *
   * @param main the file that is started: that of this repository, of a copy of it, or a program of the tests
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
      // Nobody else knows of it; and what is left running takes the cores from all that follows.
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts it without waiting, where it is not expected to become ready. */
  static launch(
    env: Readonly<Record<string, string>> = {},
    cwd = root,
    main = `${root}src/main.ts`,
  ): Program {
    return new Program(env, cwd, main);
  }

  /** Waits until it says that it is ready. */
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

  /** The log so far. */
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
      `a log line «${event}»`,
      () => {
        if (this.process.exitCode !== null) {
          throw new Error(
            `the program ended with ${this.process.exitCode}: ${this.errors}${this.output.slice(-2_000)}`,
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
    return ((await response.json()) as { workers: WorkerView[] }).workers;
  }

  /** Waits until so many workers are in service. */
  async readyWorkers(count: number): Promise<WorkerView[]> {
    return until(`${count} ready workers`, async () => {
      const ready = (await this.workers()).filter(({ state }) => state === 'ready');
      return ready.length === count ? ready : undefined;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Each line is parsed once, as it comes: a load writes many of them. */
  #read(text: string): void {
    this.output += text;
    const lines = (this.#unfinishedLine + text).split('\n');
    this.#unfinishedLine = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('{')) this.#lines.push(JSON.parse(line) as Record<string, unknown>);
    }
  }

  /** To the program and all its descendants that have no group of their own, as Ctrl-C does in a terminal. */
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

  /** A shell that hears of the end of this process, whatever it dies of, and ends the program. */
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
      // It has ended.
    }
  }
}

/** Asks again and again until there is an answer; the time is that of a machine with much else to do. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 45_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
}

/** Whether a process lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
