import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultRestartPolicy } from '../../src/primary/restart-policy.ts';
import type { Program } from './program.ts';

const { healthyAfterMs, maxFailures } = defaultRestartPolicy;
/** The primary gives up after more failures in a row; a worker that serves for a while resets its count. */
const KILLS_IN_A_ROW = maxFailures - 2;

/**
 * Kills workers in quick succession, but never so many in a row that the primary stops replacing them.
 *
 * @param prepare starts work and returns, at the moment of the kill, the process to kill
 */
export async function killWorkers(
  program: Program,
  { kills, workers }: { readonly kills: number; readonly workers: number },
  prepare: (kill: number) => Promise<number>,
): Promise<void> {
  for (let kill = 0; kill < kills; kill += 1) {
    if (kill > 0 && kill % KILLS_IN_A_ROW === 0) {
      await program.readyWorkers(workers);
      await sleep(healthyAfterMs);
    }
    const workerPid = await prepare(kill);
    process.kill(workerPid, 'SIGKILL');
    await program.logged('crashed', { workerPid }); // until then it is listed as ready
  }
}
