/** What a program holds, as the operating system and its heap say. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program, root, until } from './program.ts';

/** One process, so that there is one to look at; a collection can be asked for by a signal. */
export function startForLooking(): Promise<Program> {
  return Program.start({
    WORKERS: '0',
    OVERLOAD_MAX_DELAY_MS: '0',
    NODE_OPTIONS: `--expose-gc --require ${root}test/support/collect-on-signal.cjs`,
  });
}

export interface Held {
  /** Of what they are, and how many: whoever finds one too many wants to know which. */
  readonly descriptors: Readonly<Record<string, number>>;
  readonly threads: number;
  readonly children: number;
}

/** What the operating system says that the program holds. */
function look({ pid }: Program): Held {
  const proc = `/proc/${pid}`;
  const children = readdirSync(`${proc}/task`).flatMap((task) =>
    readFileSync(`${proc}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return {
    descriptors: count(openFiles(pid)),
    threads: readdirSync(`${proc}/task`).length,
    children: children.length,
  };
}

/** @returns for each descriptor of a process `socket`, `pipe`, `anon_inode:[eventpoll]` … or a path */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/^(socket|pipe):.*/, '$1');
    } catch {
      return 'closed meanwhile';
    }
  });
}

function count(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(names.toSorted(), (name) => name)].map(([name, all]) => [name, all.length]),
  );
}

/** Waits until nothing changes any more: pooled threads end when they have been idle for a while. */
export async function settle(program: Program): Promise<Held> {
  let last = JSON.stringify(look(program));
  let since = Date.now();
  await until(
    'the program to settle',
    async () => {
      await sleep(200);
      const now = JSON.stringify(look(program));
      if (now !== last) since = Date.now();
      last = now;
      return Date.now() - since > 12_000 ? true : undefined;
    },
    60_000,
  );
  return look(program);
}

/** Bytes that are held after a collection. */
export async function heldBytes(program: Program): Promise<number> {
  const before = program.errors.length;
  process.kill(program.pid, 'SIGUSR2');
  return until('the memory held', () => {
    const match = /held (\d+)\n/.exec(program.errors.slice(before));
    return match === null ? undefined : Number(match[1]);
  });
}
