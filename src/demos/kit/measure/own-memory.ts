import { readFileSync } from 'node:fs';
import process from 'node:process';

export interface OwnMemory {
  /** `private` memory is shared with no other process; the `resident` set includes shared pages, such as program code. */
  readonly measured: 'private' | 'resident';
  readonly bytes: number;
}

/** @returns the private memory of this process, or its resident set if the system does not report that */
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
