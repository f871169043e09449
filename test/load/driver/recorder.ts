import { ascending, percentile } from '../statistics.ts';
import type { Samples, Tick } from './load-spec.ts';

interface Entry {
  readonly sentAt: number;
  readonly ms: number;
  readonly status: number;
  readonly lagMs: number;
}

/** Records the results of requests. */
export class Recorder {
  readonly #entries: Entry[] = [];
  #tickedEntries = 0;
  #tickedAt = performance.now();

  record(sentAt: number, ms: number, status: number, lagMs = 0): void {
    this.#entries.push({ sentAt, ms, status, lagMs });
  }

  /** Summarizes the requests since the last call. */
  tick(): Tick {
    const latest = this.#entries.slice(this.#tickedEntries);
    const now = performance.now();
    const perSecond = (latest.length * 1000) / Math.max(1, now - this.#tickedAt);
    this.#tickedEntries = this.#entries.length;
    this.#tickedAt = now;
    const latencies = latest.map(({ ms }) => ms).sort(ascending);
    return { perSecond, p99: percentile(latencies, 99) };
  }

  get samples(): Samples {
    return {
      sentAt: Float64Array.from(this.#entries, ({ sentAt }) => sentAt),
      ms: Float64Array.from(this.#entries, ({ ms }) => ms),
      status: Uint16Array.from(this.#entries, ({ status }) => status),
      lagMs: Float32Array.from(this.#entries, ({ lagMs }) => lagMs),
    };
  }
}
