/** On which cores servers and load run, and how this service is set for all that is measured. */
import { cpus } from 'node:os';
import process from 'node:process';
import { canPin } from './contestant.ts';

export const SERVER_CPU = '0';
export const LOAD_CPU = '1';
export const CONNECTIONS = 20;
/** Rounds of requests that are not counted: each process compiles its code for itself. */
export const WARM_UP_ROUNDS = 3;

export const ours = {
  LOG_LEVEL: 'info',
  PORT: '0',
  MANAGEMENT_PORT: '0',
  RATE_LIMIT_MAX: '1000000000',
  WORKERS: '0',
};

export function machine(): string {
  const pinned = canPin
    ? `servers on core ${SERVER_CPU}, load on core ${LOAD_CPU}`
    : 'nothing pinned: this platform cannot';
  return `Node.js ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${pinned}`;
}
