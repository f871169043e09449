import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from './event-log.ts';
import { RestartPolicy } from './restart-policy.ts';
import type { WorkerHandle } from './worker-handle.ts';
import { identifyWorker, type Workers } from './workers.ts';

interface ReplacementOptions {
  readonly workers: Workers;
  readonly events: EventLog;
  /** Whether the service is shutting down, so that no worker needs a replacement. */
  readonly stopping: () => boolean;
  /** Called when no worker can be kept alive. */
  readonly onGiveUp: (reason: string) => void;
}

/** A slot, and the worker that had it, if any. */
type Vacancy = Pick<WorkerHandle, 'slot'> & Partial<Pick<WorkerHandle, 'id'>>;

/** Delay between two tries while other workers serve. */
const RETRY_WHILE_SERVING_MS = 30_000;

/** Fills a worker's slot with another worker: after it failed, or before it is asked to exit. */
export class Replacement {
  readonly #options: ReplacementOptions;
  readonly #policy = new RestartPolicy();
  readonly #restarts = new Map<number, number>();
  /** Changes that take a worker out of service run one at a time, so that capacity never drops by two. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ReplacementOptions) {
    this.#options = options;
  }

  /** How often the worker of a slot was replaced. */
  restartsOf(slot: number): number {
    return this.#restarts.get(slot) ?? 0;
  }

  /** Runs a change after all earlier ones. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(change);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /**
   * Starts another worker in the same slot and drains the old one once the new one is ready.
   *
   * @throws {StartError} if the new one cannot start; the old one then goes on
   */
  async replace(old: WorkerHandle, reason: string): Promise<void> {
    const { workers, stopping } = this.#options;
    const fresh = workers.fork(old.slot);
    // The slot now counts as taken: if either exits by itself before the new one is ready, that triggers no other
    // replacement.
    old.replaced = true;
    fresh.replaced = true;
    try {
      await fresh.ready;
    } catch (error) {
      old.replaced = false;
      if (old.state === 'gone' && !stopping()) void this.restart(old); // it died in the meantime
      throw error;
    }
    fresh.replaced = false;
    this.#countRestart(old.slot);
    await old.drain(reason, false);
  }

  /** Fills a failed worker's slot as soon as the policy allows. */
  async restart(failed: WorkerHandle): Promise<void> {
    failed.replaced = true;
    await this.#restart(failed, failed.uptimeMs, performance.now());
  }

  /** Fills a slot that never had a worker because the system could not create one. */
  fill(slot: number): Promise<void> {
    return this.#restart({ slot }, 0, performance.now());
  }

  async #restart(failed: Vacancy, uptimeMs: number, failedAt: number): Promise<void> {
    const { workers, events, onGiveUp } = this.#options;
    const verdict = this.#policy.failed(uptimeMs);
    if (verdict.action === 'restart') return this.#restartAfter(failed, verdict.delayMs, failedAt);
    // Don't give up while other workers serve.
    if (workers.inService.length > 0) return this.#restartAfter(failed, RETRY_WHILE_SERVING_MS, failedAt);
    const cause = workers.lastFailure === undefined ? '' : `; last failure: ${workers.lastFailure}`;
    const reason = `workers keep failing soon after they start${cause}`;
    events.record('gave-up', { reason });
    onGiveUp(reason);
  }

  async #restartAfter(failed: Vacancy, delayMs: number, failedAt: number): Promise<void> {
    const { workers, events, stopping } = this.#options;
    if (delayMs > 0) {
      events.record('restart-delayed', { slot: failed.slot, delayMs });
      await sleep(delayMs);
    }
    if (stopping()) return;
    let fresh: WorkerHandle;
    try {
      fresh = workers.fork(failed.slot, { replacesFailed: true });
    } catch {
      return this.#restart(failed, 0, failedAt); // no exit event will trigger the next try
    }
    this.#countRestart(failed.slot);
    // If it fails, its exit event triggers the next try.
    const ready = await fresh.ready.then(
      () => true,
      () => false,
    );
    if (!ready) return;
    const afterMs = Math.round(performance.now() - failedAt);
    events.record('replaced', { ...identifyWorker(fresh), replacedWorker: failed.id, afterMs });
  }

  #countRestart(slot: number): void {
    this.#restarts.set(slot, this.restartsOf(slot) + 1);
  }
}
