/** What is still there after an end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from './lab.ts';

/** Limits by which all of it has to be gone. */
export const grace = { HEARTBEAT_TIMEOUT_MS: '2000', SHUTDOWN_TIMEOUT_MS: '2000' };

/** How long it takes until none of these is alive, in milliseconds; those that stay are killed by the lab. */
export async function allGone(
  lab: Lab,
  pids: readonly number[],
  timeoutMs: number,
): Promise<{ left: number; tookMs: number }> {
  // By their folder: what has ended and only waits for its adoptive parent to ask after it, has none.
  const alive = () => lab.processes().filter((pid) => pids.includes(pid)).length;
  const startedAt = performance.now();
  let left = alive();
  while (left > 0 && performance.now() - startedAt < timeoutMs) {
    await sleep(25);
    left = alive();
  }
  return { left, tookMs: Math.round(performance.now() - startedAt) };
}
