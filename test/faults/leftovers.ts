import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox } from './sandbox.ts';

/** Timeouts after which nothing may be left. */
export const shortTimeouts = { HEARTBEAT_TIMEOUT_MS: '2000', SHUTDOWN_TIMEOUT_MS: '2000' };

/** Waits until none of the processes is alive; the sandbox kills those that stay. */
export async function untilGone(
  sandbox: Sandbox,
  pids: readonly number[],
  timeoutMs: number,
): Promise<{ left: number; tookMs: number }> {
  // A zombie that waits to be reaped has no working directory and does not count.
  const countAlive = () => sandbox.processes().filter((pid) => pids.includes(pid)).length;
  const startedAt = performance.now();
  let left = countAlive();
  while (left > 0 && performance.now() - startedAt < timeoutMs) {
    await sleep(25);
    left = countAlive();
  }
  return { left, tookMs: Math.round(performance.now() - startedAt) };
}
