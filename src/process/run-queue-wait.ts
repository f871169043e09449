import { readFileSync } from 'node:fs';

/**
 * How long the main thread of a process was runnable but not scheduled, in milliseconds since its start. A thread that
 * is stopped, sleeps or runs does not count.
 *
 * @returns undefined if the system does not report it; only Linux does:
 *   https://docs.kernel.org/scheduler/sched-stats.html
 */
export function readRunQueueWait(pid: number): number | undefined {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs) / 1e6;
  } catch {
    return undefined; // the process has just exited, or there is no free file descriptor
  }
}
