import { spawn, type ChildProcess, type Serializable, type StdioOptions } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { rawEnvironment } from '../../config.ts';
import { ChildGroups } from '../../process/child-groups.ts';

interface WatchOptions {
  /** Ends the child, and all its descendants where it leads a process group. */
  readonly signal: AbortSignal;
  /** How long it may live before it is asked to end. */
  readonly timeoutMs?: number;
}

interface StartOptions extends WatchOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Adds a channel for messages. */
  readonly ipc?: boolean;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** From SIGTERM to SIGKILL. */
const GRACE_MS = 500;
const DEFAULT_TIMEOUT_MS = 30_000;

/** Children that live, so that a stop can end them. */
export class Children {
  readonly #live = new Set<Child>();
  /** Ends them as well if this process is killed. */
  readonly #groups = new ChildGroups();

  get size(): number {
    return this.#live.size;
  }

  /**
   * Starts a program without a shell, in a process group of its own so that its descendants can be ended with it.
   *
   * @param command a path or a name; never user input
   */
  start(command: string, { args = [], env, ipc = false, ...watch }: StartOptions): Child {
    const stdio: StdioOptions = ipc ? ['pipe', 'pipe', 'pipe', 'ipc'] : ['pipe', 'pipe', 'pipe'];
    const options = { detached: ownGroups, stdio, env: { ...minimalEnvironment, ...env }, windowsHide: true };
    return this.watch(spawn(command, args, options), { ...watch, leadsGroup: ownGroups });
  }

  /** Starts a TypeScript program of this repository with the Node.js that runs this one. */
  startNode(program: URL, options: StartOptions): Child {
    return this.start(process.execPath, {
      ...options,
      args: [...nodeArguments(program), ...(options.args ?? [])],
    });
  }

  /** Bounds a child that was started elsewhere. */
  watch(started: ChildProcess, options: WatchOptions & { readonly leadsGroup: boolean }): Child {
    const child = new Child(started, options);
    this.#live.add(child);
    const id = options.leadsGroup ? -child.pid : child.pid;
    if (child.pid > 0) this.#groups.started(id);
    void child.exited.then(() => this.#live.delete(child));
    // The id of a group is in use as long as the group has a member, that of a child until it has ended.
    started.once(options.leadsGroup ? 'close' : 'exit', () => this.#groups.ended(id));
    return child;
  }

  /** Ends all at once. */
  killAll(): void {
    for (const child of this.#live) child.kill('SIGKILL');
  }
}

/** One child process. */
export class Child {
  readonly process: ChildProcess;
  readonly startedAt = performance.now();
  /** Resolves when it has ended and its output is read; rejects never. A program that cannot start has code null. */
  readonly exited: Promise<ChildExit>;
  /** Why it was ended from here, if it was. */
  endedBecause: 'aborted' | 'time-out' | 'killed' | undefined;
  error: Error | undefined;

  readonly #leadsGroup: boolean;

  constructor(started: ChildProcess, options: WatchOptions & { readonly leadsGroup: boolean }) {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, leadsGroup } = options;
    this.process = started;
    this.#leadsGroup = leadsGroup;
    // A child that ends while it is written to or read from is no error of ours: its pipes are pairs of sockets, and
    // that of a killed child may end with ECONNRESET. Unheard, such an error would end this worker.
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
        // Whatever it left behind in its group must not outlive it.
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

  /** Asks it to end, and kills what has not ended after a grace period. */
  end(because: 'aborted' | 'time-out'): void {
    this.endedBecause ??= because;
    this.#signalGroup('SIGTERM');
    const timer = setTimeout(() => this.#signalGroup('SIGKILL'), GRACE_MS);
    void this.exited.finally(() => clearTimeout(timer));
  }

  kill(signal: NodeJS.Signals): void {
    this.endedBecause ??= 'killed';
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
      // The group is gone.
    }
  }
}

const { NODE_COMPILE_CACHE } = rawEnvironment();

/**
 * A child gets no secrets of this process: only what a program needs to be found, to speak, and to start without being
 * compiled anew, which takes Node.js as long as all the rest.
 */
export const minimalEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
};

/** Windows has no process groups. */
const ownGroups = process.platform !== 'win32';

/** What to give to Node.js so that it runs a TypeScript program. */
export function nodeArguments(program: URL): string[] {
  return ['--disable-warning=ExperimentalWarning', fileURLToPath(program)];
}
