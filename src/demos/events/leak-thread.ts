/**
 * Adds listeners to one emitter and reports whether Node.js warned about a leak. A thread has its own process object, so
 * the warning stays out of the log of the service.
 */
import { EventEmitter } from 'node:events';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';

export interface LeakTask {
  readonly listeners: number;
  /** The maximum number of listeners. Defaults to that of Node.js, which is 10. */
  readonly limit?: number;
}

export interface LeakReport {
  readonly listeners: number;
  readonly limit: number;
  /** Name and message of the warning; empty without one. */
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

// Node.js emits the warning on the next tick.
setImmediate(() => {
  const report: LeakReport = {
    listeners: emitter.listenerCount('data'),
    limit: emitter.getMaxListeners(),
    warning,
  };
  parentPort?.postMessage(report);
  // Keeps the thread alive until its parent terminates it, so that the exit does not overtake the report.
  parentPort?.ref();
});
