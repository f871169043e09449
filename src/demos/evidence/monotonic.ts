import process from 'node:process';

/**
 * Milliseconds by the system's monotonic clock, which all threads and all processes of a machine share. Differences
 * mean something, the figure itself does not.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
