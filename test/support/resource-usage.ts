/** The resources that a program holds, as reported by Linux and by V8. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program, root, until } from './program.ts';

/** How long the usage must stay the same: idle threads of pools end after a while. */
const SETTLED_MS = 12_000;

export interface ResourceUsage {
  /** How many of each kind, so that a leak can be named. */
  readonly descriptors: Readonly<Record<string, number>>;
  readonly threads: number;
  readonly children: number;
}

/** Starts the service as a single process, which can be measured. */
export function startMeasurable(): Promise<Program> {
  return Program.start({
    WORKERS: '0',
    OVERLOAD_MAX_DELAY_MS: '0',
    NODE_OPTIONS: `--expose-gc --require ${root}test/support/report-memory-on-signal.cjs`,
  });
}

function readUsage({ pid }: Program): ResourceUsage {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  const kinds = Map.groupBy(openFiles(pid).sort(), (kind) => kind);
  return {
    descriptors: Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length])),
    threads: tasks.length,
    children: children.length,
  };
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

/** Waits until the usage no longer changes. */
export async function settledUsage(program: Program): Promise<ResourceUsage> {
  let last = JSON.stringify(readUsage(program));
  let since = Date.now();
  await until(
    'the resource usage to settle',
    async () => {
      await sleep(200);
      const now = JSON.stringify(readUsage(program));
      if (now !== last) since = Date.now();
      last = now;
      return Date.now() - since > SETTLED_MS ? true : undefined;
    },
    60_000,
  );
  return readUsage(program);
}

/** @returns what there is more of; fewer are no leak, because an idle pool closes its connections */
export function growth(before: ResourceUsage, after: ResourceUsage): string[] {
  const count = ({ descriptors, threads, children }: ResourceUsage) => ({
    ...descriptors,
    threads,
    children,
  });
  const earlier: Readonly<Record<string, number>> = count(before);
  return Object.entries(count(after))
    .filter(([name, now]) => now > (earlier[name] ?? 0))
    .map(([name, now]) => `${name}: ${earlier[name] ?? 0}, then ${now}`);
}

/** @returns the bytes in use after a garbage collection */
export async function bytesInUse(program: Program): Promise<number> {
  const before = program.errors.length;
  process.kill(program.pid, 'SIGUSR2');
  return until('the bytes in use', () => {
    const match = /(\d+) bytes in use\n/.exec(program.errors.slice(before));
    return match === null ? undefined : Number(match[1]);
  });
}
