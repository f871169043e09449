import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { Program, root, until, type LogFile } from '../support/program.ts';
import { Traffic, type RequestSpec } from './traffic.ts';

type Environment = Readonly<Record<string, string>>;

const FAULT_ROUTES = 'test/faults/routes/fault-routes.ts';

/** The `features.ts` of the copy: the service's own features and the routes that inject faults. */
const FEATURES = `import type { FeatureSet } from './routes/feature.ts';
import { featureSets as own } from './service-features.ts';

export const featureSets: readonly FeatureSet[] = [...own, { load: () => import('../${FAULT_ROUTES}') }];
export { featureVariables } from './service-features.ts';
`;

/**
 * A copy of the service with routes that inject faults, in its own folder: its code and its `.env` may be broken. Every
 * process of the copy, and every process that one starts, has this working directory; that is how leftovers are found.
 */
export class Sandbox {
  readonly folder: string;
  /** Whether to send fewer requests and run fewer rounds. */
  readonly short: boolean;
  /** Shows progress. */
  readonly show: (text: string) => void;
  readonly #programs: Program[] = [];
  readonly #traffics: Traffic[] = [];
  readonly #servers: AsyncDisposable[] = [];

  constructor(short: boolean, show: (text: string) => void) {
    this.short = short;
    this.show = show;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'faults-')));
    // Root's database server runs as another user; it keeps its data here only if that user may enter.
    chmodSync(this.folder, 0o755);
    const routes = dirname(FAULT_ROUTES);
    mkdirSync(this.path(routes), { recursive: true });
    for (const path of ['src', routes, 'package.json'])
      cpSync(root + path, this.path(path), { recursive: true });
    symlinkSync(`${root}node_modules`, this.path('node_modules'));
    renameSync(this.path('src/features.ts'), this.path('src/service-features.ts'));
    writeFileSync(this.path('src/features.ts'), FEATURES);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A number of requests: a tenth in a short run. */
  amount(full: number): number {
    return this.short ? Math.ceil(full / 10) : full;
  }

  async start(env: Environment = {}, log?: LogFile): Promise<Program> {
    const program = this.launch(env, log);
    await program.started();
    return program;
  }

  /** Starts it without waiting until it is ready. */
  launch(env: Environment = {}, log?: LogFile, main = this.path('src/main.ts')): Program {
    const program = Program.launch(env, this.folder, main, log);
    this.#programs.push(program);
    return program;
  }

  /** Adds a server that the programs use; `close` stops it after them. */
  use(server: AsyncDisposable): void {
    this.#servers.push(server);
  }

  /** The load of most faults: 20 kept-alive connections, every second request a POST of 16 KB, no retries. */
  startTraffic(
    program: Program,
    requests: readonly RequestSpec[] = [
      { url: `${program.url}/faults/small` },
      { url: `${program.url}/faults/body`, body: Buffer.alloc(16_384, 'x') },
    ],
  ): Traffic {
    const traffic = new Traffic(20, requests);
    this.#traffics.push(traffic);
    return traffic;
  }

  /**
   * Ends what still runs.
   *
   * @returns the ids of processes that outlived their program; they are killed
   */
  async close(): Promise<number[]> {
    await Promise.all(this.#traffics.map((traffic) => traffic.stop()));
    for (const program of this.#programs) await program[Symbol.asyncDispose]();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
    await until(
      'the exit of all processes',
      () => (this.processes().length === 0 ? true : undefined),
      3_000,
    ).catch(() => undefined);
    const left = this.processes();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
    return left;
  }

  /** The ids of all processes with a working directory in this folder, or in one below it. */
  processes(below = ''): number[] {
    if (!existsSync('/proc/self')) return [];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readlinkSync(`/proc/${pid}/cwd`).startsWith(this.path(below));
        } catch {
          return false; // it has just exited, or belongs to another user
        }
      })
      .map(Number);
  }
}
