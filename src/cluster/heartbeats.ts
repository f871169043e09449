import { readCoreWait } from '../process/core-wait.ts';
import { HEARTBEATS_PER_TIMEOUT, SLOWEST_HEARTBEAT_MS } from './messages.ts';

/** What is needed of a worker's handle. */
export interface Heard {
  readonly pid: number;
  readonly state: string;
  readonly killed: boolean;
  readonly heartbeatTimeoutMs: number;
  /** When it was last heard, by the clock of `performance.now()`. */
  heardAt: number;
}

interface HeartbeatsOptions<T> {
  readonly workers: () => readonly T[];
  readonly onSilent: (worker: T, silentMs: number) => void;
  /** Time a process has waited for a core, in milliseconds. */
  readonly readCoreWait?: (pid: number) => number | undefined;
}

/** A look this much later than it should be: this process was paused itself. */
const PAUSED_MS = 1_000;
/** Timeouts after which a worker is silent whatever kept it from speaking. */
const LONGEST_EXCUSE = 6;

/**
 * Finds workers whose event loop no longer turns.
 *
 * Two silences are excused: that of a primary that was paused and has not yet read what it was sent, and that of a
 * worker that was ready to run and got no core. Killing a worker that starves would start another one, and starve the
 * rest. One that loops, waits for ever or is stopped is never ready to run and without a core at the same time, or no
 * more than its neighbours leave it.
 */
export class Heartbeats<T extends Heard> {
  readonly #options: HeartbeatsOptions<T>;
  readonly #coreWait = new WeakMap<T, number>();
  readonly #excusedMs = new WeakMap<T, number>();
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;

  constructor(options: HeartbeatsOptions<T>) {
    this.#options = options;
  }

  start(): void {
    this.#lookedAt = performance.now();
    this.#lookAgain();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #lookAgain(): void {
    this.#timer = setTimeout(() => {
      this.look(performance.now());
      this.#lookAgain();
    }, this.#everyMs);
  }

  /** As often as the worker with the least patience speaks. */
  get #everyMs(): number {
    const timeouts = this.#options.workers().map(({ heartbeatTimeoutMs }) => heartbeatTimeoutMs);
    return Math.min(Math.min(...timeouts) / HEARTBEATS_PER_TIMEOUT, SLOWEST_HEARTBEAT_MS);
  }

  look(now: number): void {
    const { workers, onSilent } = this.#options;
    const sinceMs = now - this.#lookedAt;
    const paused = sinceMs > 2 * this.#everyMs + PAUSED_MS;
    this.#lookedAt = now;
    for (const worker of workers()) {
      if (paused) worker.heardAt = now;
      const silentMs = now - worker.heardAt - this.#excuse(worker, sinceMs, now);
      if (worker.state === 'ready' && !worker.killed && silentMs > worker.heartbeatTimeoutMs) {
        onSilent(worker, Math.round(now - worker.heardAt));
      }
    }
  }

  /** How much of the time since it was last heard it waited for a core. */
  #excuse(worker: T, sinceMs: number, now: number): number {
    const { readCoreWait: read = readCoreWait } = this.#options;
    const before = this.#coreWait.get(worker);
    const waited = read(worker.pid) ?? before;
    if (waited === undefined) return 0;
    this.#coreWait.set(worker, waited);
    const silentMs = now - worker.heardAt;
    // Heard since the last look: what it waited before that is nobody's concern any more.
    const carried = silentMs <= sinceMs ? 0 : (this.#excusedMs.get(worker) ?? 0);
    const excusedMs = Math.min(carried + Math.max(0, waited - (before ?? waited)), silentMs);
    this.#excusedMs.set(worker, excusedMs);
    return Math.min(excusedMs, (LONGEST_EXCUSE - 1) * worker.heartbeatTimeoutMs);
  }
}
