import { readFileSync } from 'node:fs';

/**
 * How long the main thread of a process was ready to run while others had all cores, in milliseconds since its start.
 * One that is stopped, waits for something or computes does not count. Undefined where the system does not tell: only
 * Linux does. https://docs.kernel.org/scheduler/sched-stats.html
 */
export function readCoreWait(pid: number): number | undefined {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs) / 1e6;
  } catch {
    return undefined; // it has just ended, or no descriptor is left to read it by
  }
}
