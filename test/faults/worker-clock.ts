import { readRunQueueWait } from '../../src/process/run-queue-wait.ts';

/** Time in milliseconds without the time in which a worker waits for a CPU, which these runs use, too. */
export class WorkerClock {
  readonly #pid: number;
  #waitedMs = 0;

  constructor(pid: number) {
    this.#pid = pid;
  }

  get now(): number {
    this.update();
    return performance.now() - this.#waitedMs;
  }

  /** Reads the worker's wait, which cannot be read after its exit. */
  update(): void {
    this.#waitedMs = readRunQueueWait(this.#pid) ?? this.#waitedMs;
  }
}
