import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Variant } from './scenario.ts';

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 3_000;

/** What is loaded: the program, started for it, or a service that runs already. */
export interface Target extends AsyncDisposable {
  readonly url: string;
  /** Undefined where nobody said where it is: then there are no figures of the server. */
  readonly managementUrl: string | undefined;
  /** What only the owner of a process can do; undefined for a service that runs already. */
  readonly owned?: {
    /** Stops it and starts it again on the same ports, as a deployment without a reload does. */
    readonly restart: () => Promise<void>;
    readonly setLogReader: (state: 'reads' | 'stalled') => void;
  };
}

/** A service that runs already: it is loaded as it is, and left as it is. */
export function runningTarget(url: string, managementUrl: string | undefined): Target {
  return { url, managementUrl, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Starts the program with the settings of a variant, on free ports and in an empty folder, where no `.env` is. */
export async function startTarget(variant: Pick<Variant, 'settings' | 'preload'>): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'load-'));
  let running = new Run(variant, folder, {});
  const dispose = async () => {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { address, management } = await running.started;
    const ports = { PORT: new URL(address).port, MANAGEMENT_PORT: new URL(management).port };
    return {
      url: address,
      managementUrl: management,
      owned: {
        restart: async () => {
          await running.stop();
          running = new Run(variant, folder, ports);
          await running.started;
        },
        setLogReader: (state) => running.setLogReader(state),
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

interface Started {
  readonly address: string;
  readonly management: string;
}

/** One process of the program, with a reader for its log. */
class Run {
  readonly started: Promise<Started>;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor({ settings, preload }: Pick<Variant, 'settings' | 'preload'>, folder: string, ports: object) {
    const preloaded = preload === undefined ? [] : ['--import', new URL(preload, import.meta.url).href];
    this.#process = spawn(process.execPath, [...preloaded, program], {
      cwd: folder,
      // A group of its own: it ends with all it has started, and Ctrl-C reaches it through us alone.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        MANAGEMENT_PORT: '0',
        SHUTDOWN_SETTLE_MS: '100',
        ...settings,
        ...ports,
      },
    });
    this.#exited = once(this.#process, 'exit');
    this.started = this.#waitForStart();
    this.started.catch(() => undefined); // who waits for it is told
  }

  setLogReader(state: 'reads' | 'stalled'): void {
    if (state === 'stalled') this.#process.stdout?.pause();
    else this.#process.stdout?.resume();
  }

  async stop(): Promise<void> {
    this.setLogReader('reads');
    this.#process.kill('SIGTERM');
    await Promise.race([this.#exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    try {
      process.kill(-(this.#process.pid ?? 0), 'SIGKILL');
    } catch {
      // All of it has ended.
    }
    await this.#exited;
  }

  /** Its log is read until it says that it has started, and from then on taken and forgotten. */
  #waitForStart(): Promise<Started> {
    return new Promise((resolve, reject) => {
      let log = '';
      let errors = '';
      const fail = (why: string) => reject(new Error(`the program ${why}: ${errors}${log.slice(-500)}`));
      const timer = setTimeout(() => fail(`was not ready in ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
      this.#process.once('exit', () => {
        clearTimeout(timer);
        fail('ended before it was ready');
      });
      this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
      const read = (text: string) => {
        log += text;
        const line = log.split('\n').find((each) => each.includes('"event":"started"') && each.endsWith('}'));
        if (line === undefined) return;
        clearTimeout(timer);
        this.#process.stdout?.off('data', read);
        this.#process.stdout?.resume();
        resolve(JSON.parse(line) as Started);
      };
      this.#process.stdout?.setEncoding('utf8').on('data', read);
    });
  }
}
