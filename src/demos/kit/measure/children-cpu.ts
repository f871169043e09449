import { readFileSync } from 'node:fs';

/** The kernel reports these times in ticks of 10 ms: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICK_MS = 10;

/**
 * CPU time of all child processes that have ended and been reaped, including their own. Node.js has no API for it.
 *
 * @returns milliseconds; undefined if the system is not Linux
 */
export function childrenCpuMs(): number | undefined {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // The second field is the name in parentheses, which may contain any character: start after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return TICK_MS * (Number(fields[13]) + Number(fields[14]));
  } catch {
    return undefined;
  }
}
