/** The resources that a program holds, as reported by Linux and by V8. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program, root, until } from './program.ts';
import { createOwnResources, type OwnResource } from './resources.ts';

/** How long the usage must stay the same: idle threads of pools end after a while. */
const SETTLED_MS = 12_000;
/** Connections that the service keeps open at most: its pool, the one for checks, and those of the job queue. */
const POOLED = 10;

/** How many of each kind, so that a leak can be named: threads, children, and each kind of descriptor. */
export type ResourceUsage = Readonly<Record<string, number>>;

/** The service as a single process, with resources of its own, whose connections can be counted. */
export class MeasuredProgram implements AsyncDisposable {
  readonly program: Program;
  readonly #own: OwnResource;

  private constructor(program: Program, own: OwnResource) {
    this.program = program;
    this.#own = own;
  }

  static async start(): Promise<MeasuredProgram> {
    const own = await createOwnResources();
    const program = await Program.start({
      ...own.environment,
      WORKERS: '0',
      OVERLOAD_MAX_DELAY_MS: '0',
      NODE_OPTIONS: `--expose-gc --require ${root}test/support/report-memory-on-signal.cjs`,
    });
    return new MeasuredProgram(program, own);
  }

  /** Waits until the usage no longer changes. */
  async settledUsage(): Promise<ResourceUsage> {
    let last = await this.#readUsage();
    let since = Date.now();
    return until(
      'the resource usage to settle',
      async () => {
        await sleep(200);
        const now = await this.#readUsage();
        if (JSON.stringify(now) !== JSON.stringify(last)) since = Date.now();
        last = now;
        return Date.now() - since > SETTLED_MS ? last : undefined;
      },
      60_000,
    );
  }

  /** @returns the bytes in use after a garbage collection */
  bytesInUse(): Promise<number> {
    return bytesInUse(this.program, this.program.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await this.#own[Symbol.asyncDispose]();
  }

  async #readUsage(): Promise<ResourceUsage> {
    const { pid } = this.program;
    const tasks = readdirSync(`/proc/${pid}/task`);
    const children = tasks.flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
    const kinds = Map.groupBy(openFiles(pid).sort(), (kind) => kind);
    const usage: Record<string, number> = { threads: tasks.length, children: children.length };
    for (const [kind, all] of kinds) usage[kind] = all.length;
    // Pools open and close connections as they need them.
    const connections = await this.#own.countConnections();
    usage['socket'] = (usage['socket'] ?? 0) - connections;
    usage['connections beyond the pools'] = Math.max(0, connections - POOLED);
    return usage;
  }
}

/**
 * @param pid a process of a program that preloads `report-memory-on-signal.cjs`
 * @returns the bytes that it uses after a garbage collection
 */
export async function bytesInUse(program: Program, pid: number): Promise<number> {
  const before = program.errors.length;
  process.kill(pid, 'SIGUSR2');
  return until('the bytes in use', () => {
    const match = /(\d+) bytes in use\n/.exec(program.errors.slice(before));
    return match === null ? undefined : Number(match[1]);
  });
}

/** @returns for each descriptor of a process `socket`, `pipe`, `anon_inode:[eventpoll]` … or a path */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/^(socket|pipe):.*/, '$1');
    } catch {
      return 'closed during the reading';
    }
  });
}

/** @returns what there is more of; fewer are no leak, because idle threads end */
export function growth(before: ResourceUsage, after: ResourceUsage): string[] {
  return Object.entries(after)
    .filter(([name, now]) => now > (before[name] ?? 0))
    .map(([name, now]) => `${name}: ${before[name] ?? 0}, then ${now}`);
}
