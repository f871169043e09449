import { readRunQueueWait } from '../process/run-queue-wait.ts';
import { HEARTBEATS_PER_TIMEOUT, MAX_HEARTBEAT_INTERVAL_MS } from '../supervision/messages.ts';

/** The part of a worker's handle that is needed here. */
export interface HeartbeatSource {
  readonly pid: number;
  readonly state: string;
  readonly killed: boolean;
  readonly debugging: boolean;
  readonly heartbeatTimeoutMs: number;
  /** On the clock of `performance.now()`. */
  lastHeartbeatAt: number;
}

interface HeartbeatsOptions<T> {
  readonly workers: () => readonly T[];
  readonly onSilent: (worker: T, silentMs: number) => void;
  /** Called once for a worker that is silent with an open inspector, until it sends heartbeats again. */
  readonly onPaused: (worker: T, silentMs: number) => void;
  /** How long a process has waited for a CPU, in milliseconds; replaced in tests. */
  readonly readRunQueueWait?: (pid: number) => number | undefined;
}

/** A check this late means that the primary itself was suspended. */
const SUSPENDED_MS = 1_000;
/** Timeouts after which a worker counts as unresponsive even if it was starved of CPU all the time. */
const MAX_STARVATION_TIMEOUTS = 6;

/**
 * Finds workers whose event loop is blocked.
 *
 * Three causes of silence are excluded. A primary that was suspended has not yet read the heartbeats it was sent. A
 * worker that was starved of CPU was runnable but not scheduled: killing it would start another process and starve the
 * rest. A hung worker runs, sleeps or is stopped. Its run-queue wait grows only while other processes use its CPU. And
 * a worker with an open inspector may be at a breakpoint.
 */
export class Heartbeats<T extends HeartbeatSource> {
  readonly #options: HeartbeatsOptions<T>;
  readonly #runQueueWait = new WeakMap<T, number>();
  readonly #starvedMs = new WeakMap<T, number>();
  readonly #paused = new WeakSet<T>();
  #timer: NodeJS.Timeout | undefined;
  #checkedAt = 0;

  constructor(options: HeartbeatsOptions<T>) {
    this.#options = options;
  }

  start(): void {
    this.#checkedAt = performance.now();
    this.#scheduleCheck();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #scheduleCheck(): void {
    this.#timer = setTimeout(() => {
      this.check(performance.now());
      this.#scheduleCheck();
    }, this.#intervalMs);
  }

  /** The heartbeat interval of the worker with the shortest timeout. */
  get #intervalMs(): number {
    const timeouts = this.#options.workers().map(({ heartbeatTimeoutMs }) => heartbeatTimeoutMs);
    return Math.min(Math.min(...timeouts) / HEARTBEATS_PER_TIMEOUT, MAX_HEARTBEAT_INTERVAL_MS);
  }

  /** @param now on the clock of `performance.now()` */
  check(now: number): void {
    const { workers, onSilent, onPaused } = this.#options;
    const sinceMs = now - this.#checkedAt;
    const suspended = sinceMs > 2 * this.#intervalMs + SUSPENDED_MS;
    this.#checkedAt = now;
    for (const worker of workers()) {
      if (suspended) worker.lastHeartbeatAt = now;
      const silentMs = now - worker.lastHeartbeatAt - this.#starvationMs(worker, sinceMs, now);
      if (worker.state !== 'ready' || worker.killed) continue;
      if (silentMs <= worker.heartbeatTimeoutMs) {
        this.#paused.delete(worker);
        continue;
      }
      const report = worker.debugging ? onPaused : onSilent;
      if (!this.#paused.has(worker)) report(worker, Math.round(now - worker.lastHeartbeatAt));
      if (worker.debugging) this.#paused.add(worker);
    }
  }

  /** How much of the time since its last heartbeat the worker waited for a CPU. */
  #starvationMs(worker: T, sinceMs: number, now: number): number {
    const { readRunQueueWait: read = readRunQueueWait } = this.#options;
    const before = this.#runQueueWait.get(worker);
    const waited = read(worker.pid) ?? before;
    if (waited === undefined) return 0;
    this.#runQueueWait.set(worker, waited);
    const silentMs = now - worker.lastHeartbeatAt;
    // A heartbeat since the last check: earlier waits no longer matter.
    const carried = silentMs <= sinceMs ? 0 : (this.#starvedMs.get(worker) ?? 0);
    const starvedMs = Math.min(carried + Math.max(0, waited - (before ?? waited)), silentMs);
    this.#starvedMs.set(worker, starvedMs);
    return Math.min(starvedMs, (MAX_STARVATION_TIMEOUTS - 1) * worker.heartbeatTimeoutMs);
  }
}
