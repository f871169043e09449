import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process still runs. One that has ended and that nobody has asked about (a zombie) does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // The state follows the name, which is in brackets and may hold anything.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux'; // there it has just gone; elsewhere there is nothing to read
  }
}

/** Waits until none of these processes runs. @returns how many still do after so long */
export async function countSurvivors(pids: readonly number[], withinMs = 1_000): Promise<number> {
  const deadline = performance.now() + withinMs;
  let alive = pids.filter(isAlive);
  while (alive.length > 0 && performance.now() < deadline) {
    await sleep(5);
    alive = alive.filter(isAlive);
  }
  return alive.length;
}
