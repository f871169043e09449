import { ascending, percentile } from '../statistics.ts';
import type { Account } from './order.ts';

interface Entry {
  readonly madeAt: number;
  readonly ms: number;
  readonly status: number;
  readonly lagMs: number;
}

/** Notes what becomes of requests. */
export class Ledger {
  readonly #entries: Entry[] = [];
  #told = 0;
  #toldAt = performance.now();

  note(madeAt: number, ms: number, status: number, lagMs = 0): void {
    this.#entries.push({ madeAt, ms, status, lagMs });
  }

  /** What was noted since it was last asked. */
  tell(): { readonly perSecond: number; readonly p99: number | null } {
    const latest = this.#entries.slice(this.#told);
    const now = performance.now();
    const perSecond = (latest.length * 1000) / Math.max(1, now - this.#toldAt);
    this.#told = this.#entries.length;
    this.#toldAt = now;
    const latencies = latest.map(({ ms }) => ms).sort(ascending);
    return { perSecond, p99: percentile(latencies, 99) };
  }

  get account(): Account {
    return {
      madeAt: Float64Array.from(this.#entries, ({ madeAt }) => madeAt),
      ms: Float64Array.from(this.#entries, ({ ms }) => ms),
      status: Uint16Array.from(this.#entries, ({ status }) => status),
      lagMs: Float32Array.from(this.#entries, ({ lagMs }) => lagMs),
    };
  }
}
