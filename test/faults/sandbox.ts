import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
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

  private constructor(folder: string, short: boolean, show: (text: string) => void) {
    this.folder = folder;
    this.short = short;
    this.show = show;
  }

  /** Copies the service without blocking: the event loop may be that of another fault, which sends requests. */
  static async create(short: boolean, show: (text: string) => void): Promise<Sandbox> {
    const folder = realpathSync(await mkdtemp(join(tmpdir(), 'faults-')));
    const sandbox = new Sandbox(folder, short, show);
    // Root's database server runs as another user; it keeps its data here only if that user may enter.
    await chmod(folder, 0o755);
    const routes = dirname(FAULT_ROUTES);
    await mkdir(sandbox.path(routes), { recursive: true });
    for (const path of ['src', routes, 'package.json'])
      await cp(root + path, sandbox.path(path), { recursive: true });
    await symlink(`${root}node_modules`, sandbox.path('node_modules'));
    await rename(sandbox.path('src/features.ts'), sandbox.path('src/service-features.ts'));
    await writeFile(sandbox.path('src/features.ts'), FEATURES);
    return sandbox;
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
    await rm(this.folder, { recursive: true, force: true });
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
