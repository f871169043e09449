import process from 'node:process';
import { Worker } from 'node:worker_threads';
import type { Logger } from './logger.ts';
import type { RequestBoard } from './request-board.ts';

/** What the watchdog's thread is told at its start. */
export interface WatchdogOrders {
  readonly memory: SharedArrayBuffer;
  /** Fields of every line of this process's log. */
  readonly base: object;
  /** Whether such a line is wanted at all. */
  readonly mayLog: boolean;
  /** Silence of the event loop after which it says what was being served. */
  readonly reportAfterMs: number;
  /** Silence after which it says so without having been told where the event loop hangs. */
  readonly stackUntilMs: number;
  /** Who must be there; undefined where nobody must. */
  readonly parent: number | undefined;
  /** Silence after which this process is killed once its parent is gone. */
  readonly killAfterMs: number;
  /** What this process may take in all to end after its parent is gone. */
  readonly endWithinMs: number;
}

interface WatchdogOptions {
  readonly board: RequestBoard;
  readonly log: Logger;
  readonly heartbeatTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  /** Whether this process must not outlive the one that started it. */
  readonly clustered: boolean;
}

/** Beats in the time of silence that is too long. */
const BEATS_PER_TIMEOUT = 10;
const SLOWEST_BEAT_MS = 500;
/** Before the primary kills a silent worker, which takes the memory with it. */
const REPORT_AT = 0.8;
const STACK_UNTIL = 0.95;

/**
 * Starts a thread that watches this process's event loop from beside it, as long as there is one.
 *
 * What an event loop that hangs was serving only another thread can still say; and when the primary is gone there is
 * nobody else to end a worker that hangs.
 */
export function startWatchdog(options: WatchdogOptions): void {
  const { board, log, heartbeatTimeoutMs, shutdownTimeoutMs, clustered } = options;
  const beatMs = Math.min(SLOWEST_BEAT_MS, heartbeatTimeoutMs / BEATS_PER_TIMEOUT);
  setInterval(() => board.beat(), beatMs).unref();
  const orders: WatchdogOrders = {
    memory: board.memory,
    base: { ...log.bindings(), pid: process.pid },
    mayLog: log.isLevelEnabled('error'),
    reportAfterMs: heartbeatTimeoutMs * REPORT_AT,
    stackUntilMs: heartbeatTimeoutMs * STACK_UNTIL,
    parent: clustered ? process.ppid : undefined,
    killAfterMs: heartbeatTimeoutMs,
    endWithinMs: shutdownTimeoutMs + heartbeatTimeoutMs,
  };
  const thread = new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
    workerData: orders,
    // It needs little; a heap as large as the process's own would only be in the way.
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  });
  thread.unref();
  // Without it the service is as good as before; the primary still replaces a silent worker.
  thread.on('error', (err) => log.error({ err, event: 'watchdog-failed' }, 'the watchdog ended'));
}
