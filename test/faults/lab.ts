import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Program, root, until } from '../support/program.ts';
import { Traffic } from './traffic.ts';

type Environment = Readonly<Record<string, string>>;

/** Features of the copy: those of the service, and the routes that inject faults. */
const FEATURES = `import type { Variables } from './config/variable.ts';
import type { FeatureSet } from './http/feature.ts';
import { featureSets as own } from './features-of-the-service.ts';
import { faultRoutes } from '../test/faults/routes/fault-routes.ts';

export const featureSets: readonly FeatureSet[] = [...own, faultRoutes];
export const featureVariables: Variables = Object.fromEntries(
  featureSets.flatMap((set) => Object.entries(set.variables)),
);
`;

/**
 * Where a fault is run: a copy of the program in a folder of its own, with routes added that inject faults, so that
 * its code and its `.env` can be broken. Every process of the copy has that folder as its working directory, and so
 * has whatever it starts: this is how what it leaves behind is found.
 */
export class Lab {
  readonly folder: string;
  /** Fewer requests, for a run in passing. */
  readonly short: boolean;
  readonly say: (what: string) => void;
  readonly #programs: Program[] = [];
  readonly #traffics: Traffic[] = [];

  constructor(short: boolean, say: (what: string) => void) {
    this.short = short;
    this.say = say;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'faults-')));
    cpSync(`${root}src`, this.path('src'), { recursive: true });
    mkdirSync(this.path('test/faults'), { recursive: true });
    cpSync(`${root}test/faults/routes`, this.path('test/faults/routes'), { recursive: true });
    cpSync(`${root}package.json`, this.path('package.json'));
    symlinkSync(`${root}node_modules`, this.path('node_modules'));
    cpSync(this.path('src/features.ts'), this.path('src/features-of-the-service.ts'));
    writeFileSync(this.path('src/features.ts'), FEATURES);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** How many of something: a tenth in a short run. */
  amount(full: number): number {
    return this.short ? Math.ceil(full / 10) : full;
  }

  async start(env: Environment = {}): Promise<Program> {
    const program = this.launch(env);
    await program.started();
    return program;
  }

  /** Starts it without waiting until it is ready. */
  launch(env: Environment = {}): Program {
    const program = Program.launch(env, this.folder, this.path('src/main.ts'));
    this.#programs.push(program);
    return program;
  }

  /** The load of the fault list: 20 kept-alive connections, every second request a POST of 16 KB, no retries. */
  load(program: Program, connections = 20): Traffic {
    const traffic = new Traffic(connections, [
      { url: `${program.url}/faults/small` },
      {
        url: `${program.url}/faults/body`,
        body: Buffer.alloc(16_384, 'x'),
      },
    ]);
    this.#traffics.push(traffic);
    return traffic;
  }

  /** Ends what still runs. @returns the ids of processes that would have been left behind */
  async close(): Promise<number[]> {
    await Promise.all(this.#traffics.map((traffic) => traffic.stop()));
    for (const program of this.#programs) await program[Symbol.asyncDispose]();
    await until('the rest to end', () => (this.processes().length === 0 ? true : undefined), 3_000).catch(
      () => undefined,
    );
    const left = this.processes();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
    return left;
  }

  /** Every process that works in this folder: the program and whatever it started. */
  processes(): number[] {
    if (!existsSync('/proc/self')) return [];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readlinkSync(`/proc/${pid}/cwd`).startsWith(this.folder);
        } catch {
          return false; // it has just ended, or is somebody else's
        }
      })
      .map(Number);
  }
}
