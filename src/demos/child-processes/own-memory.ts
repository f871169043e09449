import { readFileSync } from 'node:fs';
import process from 'node:process';

export interface OwnMemory {
  /** `private` is what no other process shares; the resident set has pages of the program in it that all of them share. */
  readonly measured: 'private' | 'resident';
  readonly bytes: number;
}

/** The memory of this process: what belongs to it alone, where the system tells. */
export function measureOwnMemory(): OwnMemory {
  try {
    const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
    const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map(([, kb]) =>
      Number(kb),
    );
    return { measured: 'private', bytes: 1024 * kilobytes.reduce((sum, each) => sum + each, 0) };
  } catch {
    return { measured: 'resident', bytes: process.memoryUsage.rss() }; // not Linux
  }
}
