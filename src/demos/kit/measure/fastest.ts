import { performance } from 'node:perf_hooks';

/**
 * The duration of the fastest of several runs, in milliseconds: the first ones run before the code is optimized, and
 * other processes may delay some.
 */
export function fastestMs(runs: number, work: () => void): number {
  const durations = Array.from({ length: runs }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
  return Math.min(...durations);
}
