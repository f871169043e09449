import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Variant } from './scenario.ts';

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 3_000;

/** The service under load: started for the run, or already running. */
export interface Target {
  readonly url: string;
  /** Undefined if unknown: then there are no figures of the server. */
  readonly managementUrl: string | undefined;
  /** Only for a service that was started for the run. */
  readonly control?: {
    /** Stops the service and starts it again on the same ports, like a deployment without a reload. */
    readonly restart: () => Promise<void>;
    readonly setLogReader: (state: 'reading' | 'stalled') => void;
  };
}

type StartOptions = Pick<Variant, 'settings' | 'preload'>;

/**
 * Starts the service with the settings of a variant, on free ports and in an empty folder without a `.env`.
 *
 * @param own receives what ends the service, before it is ready
 */
export async function startTarget(
  options: StartOptions,
  own: (resource: AsyncDisposable) => void,
): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'load-'));
  // Root's database server runs as another user; it keeps its data here only if that user may enter.
  chmodSync(folder, 0o755);
  let service = Service.launch(options, folder);
  own({
    async [Symbol.asyncDispose]() {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  const { address, management } = await service.started();
  const ports = { PORT: new URL(address).port, MANAGEMENT_PORT: new URL(management).port };
  return {
    url: address,
    managementUrl: management,
    control: {
      restart: async () => {
        await service.stop();
        service = Service.launch(options, folder, ports);
        await service.started();
      },
      setLogReader: (state) => service.setLogReader(state),
    },
  };
}

interface Started {
  readonly address: string;
  readonly management: string;
}

/** One process of the service, with a reader for its log. */
class Service {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#exited = once(child, 'exit');
  }

  static launch({ settings, preload }: StartOptions, folder: string, ports = {}): Service {
    const preloaded = preload === undefined ? [] : ['--import', new URL(preload, import.meta.url).href];
    const child = spawn(process.execPath, [...preloaded, program], {
      cwd: folder,
      // A process group of its own: it is killed as a whole, and Ctrl-C does not reach it directly.
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
    return new Service(child);
  }

  setLogReader(state: 'reading' | 'stalled'): void {
    if (state === 'stalled') this.#process.stdout?.pause();
    else this.#process.stdout?.resume();
  }

  async stop(): Promise<void> {
    this.setLogReader('reading');
    this.#process.kill('SIGTERM');
    await Promise.race([this.#exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    try {
      process.kill(-(this.#process.pid ?? 0), 'SIGKILL');
    } catch {
      // The whole group has exited.
    }
    await this.#exited;
  }

  /** Reads the log until the service reports its addresses, and discards the rest. */
  started(): Promise<Started> {
    return new Promise((resolve, reject) => {
      let log = '';
      let errors = '';
      const fail = (problem: string) =>
        reject(new Error(`the service ${problem}: ${errors}${log.slice(-500)}`));
      const timer = setTimeout(() => fail(`was not ready within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
      this.#process.once('exit', () => {
        clearTimeout(timer);
        fail('exited before it was ready');
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
