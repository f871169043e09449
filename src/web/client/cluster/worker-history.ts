import type { WorkerView } from '../../../supervision/supervision.ts';

/** One second of a slot. */
export interface Sample {
  readonly rate: number | undefined;
  readonly delayMs: number | undefined;
  readonly utilization: number | undefined;
  readonly heapBytes: number | undefined;
  /** Whether another worker took the slot. */
  readonly replaced: boolean;
}

/** Two minutes. */
export const MAX_SAMPLES = 120;
/** A worker without a heartbeat for this long is shown as silent. */
export const SILENT_MS = 2_500;

/** The samples that the charts of one slot are drawn from. */
export class WorkerHistory {
  readonly samples: Sample[] = [];
  #worker = 0;
  #total = 0;
  #at = 0;
  #rate: number | undefined;

  /** @param now the server's clock, in milliseconds */
  add(worker: WorkerView | undefined, now: number): void {
    const replaced = worker !== undefined && this.#worker !== 0 && worker.id !== this.#worker;
    const current = (worker?.silentMs ?? 0) > SILENT_MS ? undefined : worker;
    const vitals = current?.report?.vitals;
    this.samples.push({
      rate: this.#measureRate(current, now),
      delayMs: vitals?.eventLoop.p99DelayMs,
      utilization: vitals?.eventLoop.utilization,
      heapBytes: vitals?.heapUsedBytes,
      replaced,
    });
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
    if (worker !== undefined) this.#worker = worker.id;
  }

  get latest(): Sample | undefined {
    return this.samples.at(-1);
  }

  /** Requests per second between two heartbeats: consecutive views may show the same heartbeat. */
  #measureRate(worker: WorkerView | undefined, now: number): number | undefined {
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
