import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from './events.ts';
import { RestartPolicy } from './restart-policy.ts';
import type { WorkerHandle } from './worker-handle.ts';
import { identify, type Workers } from './workers.ts';

interface ReplacementOptions {
  readonly workers: Workers;
  readonly events: EventLog;
  /** Whether the service stops, so that nobody needs a successor. */
  readonly stopping: () => boolean;
  /** Called when no worker can be kept alive. */
  readonly onGiveUp: (reason: string) => void;
}

/** A place, and who had it. */
type Vacancy = Pick<WorkerHandle, 'slot'> & Partial<Pick<WorkerHandle, 'id'>>;

/** Between two tries while other workers serve. */
const RETRY_WHILE_SERVING_MS = 30_000;

/** Gives a worker's place to another: after the old one failed, or before it is asked to go. */
export class Replacement {
  readonly #options: ReplacementOptions;
  readonly #policy = new RestartPolicy();
  readonly #restarts = new Map<number, number>();
  /** Changes that take a worker out of service run one after the other, so that capacity never falls twice. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ReplacementOptions) {
    this.#options = options;
  }

  /** How often the worker of a place was replaced. */
  restartsOf(slot: number): number {
    return this.#restarts.get(slot) ?? 0;
  }

  /** Runs a change when those before it are done. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /**
   * Starts another worker in the same place and drains the old one once the new one is in service.
   *
   * @throws {StartError} if the new one cannot start; the old one then goes on
   */
  async replace(old: WorkerHandle, reason: string): Promise<void> {
    const { workers, stopping } = this.#options;
    const fresh = workers.fork(old.slot);
    // From here on its place is taken; if it should end by itself there is nothing left to replace. Nor is there
    // for the new one as long as it is not in service.
    old.replaced = true;
    fresh.replaced = true;
    try {
      await fresh.ready;
    } catch (error) {
      old.replaced = false;
      if (old.state === 'gone' && !stopping()) void this.restart(old); // it fell meanwhile
      throw error;
    }
    fresh.replaced = false;
    this.#countRestart(old.slot);
    await old.drain(reason, false);
  }

  /** Gives a failed worker's place to another, as soon as the policy allows. */
  async restart(failed: WorkerHandle): Promise<void> {
    failed.replaced = true;
    await this.#restart(failed, failed.livedMs, performance.now());
  }

  /** Gives a place to a worker that nobody has yet, for the system could not start one. */
  fill(slot: number): Promise<void> {
    return this.#restart({ slot }, 0, performance.now());
  }

  async #restart(failed: Vacancy, livedMs: number, failedAt: number): Promise<void> {
    const { workers, events, onGiveUp } = this.#options;
    const verdict = this.#policy.failed(livedMs);
    if (verdict.action === 'restart') return this.#restartAfter(failed, verdict.delayMs, failedAt);
    // While others serve there is no need to give up.
    if (workers.inService.length > 0) return this.#restartAfter(failed, RETRY_WHILE_SERVING_MS, failedAt);
    const why = workers.lastFailure === undefined ? '' : `; the last one: ${workers.lastFailure}`;
    const reason = `workers keep failing soon after they start${why}`;
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
      fresh = workers.fork(failed.slot);
    } catch {
      return this.#restart(failed, 0, failedAt); // why is recorded; there is no exit that would bring the next try
    }
    this.#countRestart(failed.slot);
    // If it fails its own exit brings the next try.
    const ready = await fresh.ready.then(
      () => true,
      () => false,
    );
    if (!ready) return;
    const afterMs = Math.round(performance.now() - failedAt);
    events.record('replaced', { ...identify(fresh), replacedWorker: failed.id, afterMs });
  }

  #countRestart(slot: number): void {
    this.#restarts.set(slot, this.restartsOf(slot) + 1);
  }
}
