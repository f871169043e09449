import { spawn, type ChildProcess, type Serializable, type StdioOptions } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { rawEnvironment } from '../../../config/environment.ts';
import { ChildGroups } from './child-groups.ts';

const { NODE_COMPILE_CACHE } = rawEnvironment();

/** The environment of children: no secrets, but the compile cache, which about halves the startup time of Node.js. */
export const minimalEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
};

/** Windows has no process groups. */
const ownGroups = process.platform !== 'win32';

/** From SIGTERM to SIGKILL. */
const GRACE_MS = 500;
const DEFAULT_TIMEOUT_MS = 30_000;

interface WatchOptions {
  /** Ends the child, with all its descendants if it leads a process group. */
  readonly signal: AbortSignal;
  /** How long it may run before it receives SIGTERM. Defaults to 30 s. */
  readonly timeoutMs?: number;
}

interface StartOptions extends WatchOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Adds an IPC channel. */
  readonly ipc?: boolean;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The running child processes, so that shutdown can kill them. */
export class Children {
  readonly #live = new Set<Child>();
  /** Kills them if this process is killed. */
  readonly #groups = new ChildGroups();

  get size(): number {
    return this.#live.size;
  }

  /**
   * Starts a program without a shell, in its own process group so that its descendants can be ended with it.
   *
   * @param command a path or a name, never user input
   */
  start(command: string, { args = [], env, ipc = false, ...watch }: StartOptions): Child {
    const stdio: StdioOptions = ipc ? ['pipe', 'pipe', 'pipe', 'ipc'] : ['pipe', 'pipe', 'pipe'];
    const options = { detached: ownGroups, stdio, env: { ...minimalEnvironment, ...env }, windowsHide: true };
    return this.watch(spawn(command, args, options), { ...watch, leadsGroup: ownGroups });
  }

  /** Starts a TypeScript program of this repository with the Node.js binary of this process. */
  startNode(program: URL, options: StartOptions): Child {
    return this.start(process.execPath, {
      ...options,
      args: [...nodeArguments(program), ...(options.args ?? [])],
    });
  }

  /** Ends a child that was started elsewhere when its signal aborts or its time is up. */
  watch(started: ChildProcess, options: WatchOptions & { readonly leadsGroup: boolean }): Child {
    const child = new Child(started, options);
    this.#live.add(child);
    const id = options.leadsGroup ? -child.pid : child.pid;
    if (child.pid > 0) this.#groups.started(id);
    void child.exited.then(() => this.#live.delete(child));
    // A group id stays in use while the group has members, a process id until the process is reaped.
    started.once(options.leadsGroup ? 'close' : 'exit', () => this.#groups.ended(id));
    return child;
  }

  /** Kills all at once. */
  killAll(): void {
    for (const child of this.#live) child.kill('SIGKILL');
  }
}

/** One child process. */
export class Child {
  readonly process: ChildProcess;
  readonly startedAt = performance.now();
  /** Resolves when it has exited and its output is read; never rejects. The code is null if it could not start. */
  readonly exited: Promise<ChildExit>;
  /** Why this process ended it, if it did. */
  endReason: 'aborted' | 'time-out' | 'killed' | undefined;
  error: Error | undefined;

  readonly #leadsGroup: boolean;

  constructor(started: ChildProcess, options: WatchOptions & { readonly leadsGroup: boolean }) {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, leadsGroup } = options;
    this.process = started;
    this.#leadsGroup = leadsGroup;
    // Pipes are socket pairs, and those of a killed child may emit ECONNRESET. Unhandled, it would end this worker.
    for (const pipe of [started.stdin, started.stdout, started.stderr]) pipe?.on('error', () => undefined);
    this.process.on('error', (error) => {
      this.error = error;
    });

    const abort = () => this.end('aborted');
    const timer = setTimeout(() => this.end('time-out'), timeoutMs);
    this.exited = new Promise((resolve) => {
      const finish = (code: number | null, exitSignal: string | null) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        // Descendants in its group must not outlive it.
        this.#signalGroup('SIGKILL');
        resolve({ code, signal: exitSignal });
      };
      this.process.once('close', finish);
      this.process.once('error', () => {
        if (this.process.pid === undefined) finish(null, null);
      });
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Sends SIGTERM, and SIGKILL after a grace period. */
  end(reason: 'aborted' | 'time-out'): void {
    this.endReason ??= reason;
    this.#signalGroup('SIGTERM');
    const timer = setTimeout(() => this.#signalGroup('SIGKILL'), GRACE_MS);
    void this.exited.finally(() => clearTimeout(timer));
  }

  kill(signal: NodeJS.Signals): void {
    this.endReason ??= 'killed';
    this.#signalGroup(signal);
  }

  send(message: Serializable): void {
    if (this.process.connected) this.process.send(message, () => undefined);
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.process.pid === undefined) return;
    try {
      if (this.#leadsGroup) process.kill(-this.process.pid, signal);
      else this.process.kill(signal);
    } catch {
      // It has ended already.
    }
  }
}

/** The arguments with which Node.js runs a TypeScript program. */
export function nodeArguments(program: URL): string[] {
  return ['--disable-warning=ExperimentalWarning', fileURLToPath(program)];
}
