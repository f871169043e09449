import process from 'node:process';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { TerminalOptions } from '../../telemetry/terminal-format.ts';
import type { InFlightBoard } from '../../http/in-flight-board.ts';

/** The input of the watchdog thread. */
export interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  /** The fields of every log line of this process. */
  readonly base: object;
  readonly logEnabled: boolean;
  /** How long the event loop is blocked before the thread reports the requests in flight. */
  readonly reportAfterMs: number;
  /** How long it is blocked before the thread reports without a stack. */
  readonly stackDeadlineMs: number;
  /** The primary; undefined if the process may run without one. */
  readonly parentPid: number | undefined;
  /** How long the event loop is blocked before an orphaned process is killed. */
  readonly killAfterMs: number;
  /** How its line looks; undefined: one JSON object. */
  readonly terminal: TerminalOptions | undefined;
  /** How long an orphaned process may take to shut down. */
  readonly orphanGraceMs: number;
}

interface WatchdogOptions {
  readonly board: InFlightBoard;
  readonly log: Logger;
  readonly terminal: TerminalOptions | undefined;
  readonly heartbeatTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  /** Whether this process must not outlive its primary. */
  readonly clustered: boolean;
}

const BEATS_PER_TIMEOUT = 10;
const MAX_BEAT_INTERVAL_MS = 500;
/**
 * Shares of the heartbeat timeout. The report must be written before the primary kills the worker, and the inspector takes
 * about a quarter of a second for a stack: it names the thousand scripts of a worker first.
 */
const REPORT_AT = 0.7;
const STACK_DEADLINE_AT = 0.95;

/**
 * Starts a thread that watches this process's event loop.
 *
 * A blocked event loop cannot report itself; only another thread knows which requests it was serving and where it
 * hangs. And if the primary is gone, only the thread can end a worker that hangs.
 */
export function startWatchdog(options: WatchdogOptions): void {
  const { board, log, terminal, heartbeatTimeoutMs, shutdownTimeoutMs, clustered } = options;
  const beatIntervalMs = Math.min(MAX_BEAT_INTERVAL_MS, heartbeatTimeoutMs / BEATS_PER_TIMEOUT);
  setInterval(() => board.beat(), beatIntervalMs).unref();
  const data: WatchdogData = {
    memory: board.memory,
    base: { ...log.bindings(), pid: process.pid },
    logEnabled: log.isLevelEnabled('error'),
    terminal,
    reportAfterMs: heartbeatTimeoutMs * REPORT_AT,
    stackDeadlineMs: heartbeatTimeoutMs * STACK_DEADLINE_AT,
    parentPid: clustered ? process.ppid : undefined,
    killAfterMs: heartbeatTimeoutMs,
    orphanGraceMs: shutdownTimeoutMs + heartbeatTimeoutMs,
  };
  const thread = new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  });
  thread.unref();
  // The service works without it; the primary still replaces unresponsive workers.
  thread.on('error', (err) => log.error({ err, event: 'watchdog-failed' }, 'watchdog thread failed'));
}
