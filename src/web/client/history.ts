import type { LiveView, WorkerCard } from './shapes.ts';

/** One second of one place. */
export interface Sample {
  readonly rate: number | undefined;
  readonly delayMs: number | undefined;
  readonly utilization: number | undefined;
  readonly heapBytes: number | undefined;
  /** Another worker has the place from here on. */
  readonly replaced: boolean;
}

/** The last two minutes. */
export const KEPT = 120;

/** What the charts of one place are drawn from. */
export class History {
  readonly samples: Sample[] = [];
  #worker = 0;
  #total = 0;
  #at = 0;
  #rate: number | undefined;

  add(worker: WorkerCard | undefined, view: LiveView): void {
    const replaced = worker !== undefined && this.#worker !== 0 && worker.id !== this.#worker;
    const vitals = worker?.report?.vitals;
    const silent = (worker?.silentMs ?? 0) > 2_500;
    this.samples.push({
      rate: silent ? undefined : this.#measure(worker, view.at),
      delayMs: silent ? undefined : vitals?.eventLoop.p99DelayMs,
      utilization: silent ? undefined : vitals?.eventLoop.utilization,
      heapBytes: silent ? undefined : vitals?.heapUsedBytes,
      replaced,
    });
    if (this.samples.length > KEPT) this.samples.shift();
    if (worker !== undefined) this.#worker = worker.id;
  }

  get latest(): Sample | undefined {
    return this.samples.at(-1);
  }

  /** Requests a second between two heartbeats: a view may show the same heartbeat twice. */
  #measure(worker: WorkerCard | undefined, now: number): number | undefined {
    if (worker?.report === undefined) return undefined;
    const { total } = worker.report.requests;
    const at = now - worker.silentMs;
    if (worker.id !== this.#worker || total < this.#total) {
      [this.#total, this.#at, this.#rate] = [total, at, undefined];
    } else if (at - this.#at > 400) {
      this.#rate = ((total - this.#total) * 1000) / (at - this.#at);
      [this.#total, this.#at] = [total, at];
    }
    return this.#rate;
  }
}
