/**
 * A thread that adds listeners to one emitter and tells whether Node.js warned of a leak. A thread has a process object
 * of its own: the warning is heard here, and does not reach the log of the process.
 */
import { EventEmitter } from 'node:events';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';

export interface LeakTask {
  readonly listeners: number;
  /** The number of listeners that is allowed; 10 where it is left out. */
  readonly limit?: number;
}

export interface LeakReport {
  readonly listeners: number;
  readonly limit: number;
  /** Name and text of the warning; empty where there was none. */
  readonly warning: string;
}

const { listeners, limit } = workerData as LeakTask;
const emitter = new EventEmitter();
if (limit !== undefined) emitter.setMaxListeners(limit);

let warning = '';
process.on('warning', ({ name, message }) => {
  warning = `${name}: ${message}`;
});
for (let i = 0; i < listeners; i += 1) emitter.on('data', () => undefined);

// The warning comes with the next tick.
setImmediate(() => {
  const report: LeakReport = {
    listeners: emitter.listenerCount('data'),
    limit: emitter.getMaxListeners(),
    warning,
  };
  parentPort?.postMessage(report);
  // It stays until it is ended from outside, so that its report cannot be overtaken by its exit.
  parentPort?.ref();
});
