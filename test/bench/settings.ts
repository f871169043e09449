/** The CPUs of servers and load, and the settings of this service in every measurement. */
import { cpus } from 'node:os';
import process from 'node:process';
import { canPin } from './contestant.ts';

export const SERVER_CPU = '0';
export const LOAD_CPU = '1';
export const CONNECTIONS = 20;
/** Uncounted rounds, in which each process compiles its code. */
export const WARM_UP_ROUNDS = 3;

export const exemplarEnv = {
  LOG_LEVEL: 'info',
  PORT: '0',
  MANAGEMENT_PORT: '0',
  RATE_LIMIT_MAX: '1000000000',
  WORKERS: '0',
};

export function describeMachine(): string {
  const pinned = canPin
    ? `servers pinned to CPU ${SERVER_CPU}, load to CPU ${LOAD_CPU}`
    : 'no CPU affinity on this machine';
  return `Node.js ${process.version}, ${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? 'unknown'}), ${pinned}`;
}

/** Shows on standard error which round is complete; rounds below 1 are warm-up. */
export function showRound(round: number, rounds: number, what: string): void {
  process.stderr.write(`bench: ${what}: ${round < 1 ? 'warm-up' : `round ${round} of ${rounds}`}\n`);
}
