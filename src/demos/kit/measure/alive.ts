import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process runs. A zombie, which has ended but is not reaped yet, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // The state follows the name, which is in parentheses and may contain any character.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux'; // on Linux it has just ended; other systems have no such file
  }
}

/** Whether a process is stopped, for example by SIGSTOP. Always false if the system is not Linux. */
export function isStopped(pid: number): boolean {
  try {
    return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits at most `withinMs` until none of these processes runs. @returns how many still do */
export async function countSurvivors(pids: readonly number[], withinMs = 1_000): Promise<number> {
  const deadline = performance.now() + withinMs;
  let alive = pids.filter(isAlive);
  while (alive.length > 0 && performance.now() < deadline) {
    await sleep(5);
    alive = alive.filter(isAlive);
  }
  return alive.length;
}
