import { performance } from 'node:perf_hooks';
import { toMicroseconds } from './timeline.ts';

/** What a timer experienced while something else ran. */
export interface LoopFelt {
  /** Ticks that came. */
  readonly ticks: number;
  /** Ticks that should have come in this time. */
  readonly expectedTicks: number;
  /** The longest time a tick was late, in milliseconds. */
  readonly maxDelayMs: number;
  readonly meanDelayMs: number;
}

/**
 * A timer that notes how late it is. It feels what every other callback of this process feels; it is also what an
 * arriving request would have had to wait.
 */
export class EventLoopProbe {
  readonly #everyMs: number;
  readonly #startedAt = performance.now();
  #dueAt: number;
  #timer: NodeJS.Timeout;
  #delays = { count: 0, sum: 0, max: 0 };

  /** @param everyMs the interval of the timer; delays shorter than about a millisecond cannot be felt */
  constructor(everyMs = 5) {
    this.#everyMs = everyMs;
    this.#dueAt = this.#startedAt + everyMs;
    this.#timer = setTimeout(this.#tick, everyMs);
  }

  /** Ends the probe. A tick that is overdue at this moment counts as well. */
  stop(): LoopFelt {
    clearTimeout(this.#timer);
    const now = performance.now();
    const overdue = Math.max(0, now - this.#dueAt);
    const { count, sum, max } = this.#delays;
    return {
      ticks: count,
      expectedTicks: Math.floor((now - this.#startedAt) / this.#everyMs),
      maxDelayMs: toMicroseconds(Math.max(max, overdue)),
      meanDelayMs: toMicroseconds(count === 0 ? overdue : sum / count),
    };
  }

  readonly #tick = (): void => {
    const now = performance.now();
    // Timers have a resolution of a millisecond: so much is not lateness.
    const delay = Math.max(0, now - this.#dueAt - 1);
    this.#delays = {
      count: this.#delays.count + 1,
      sum: this.#delays.sum + delay,
      max: Math.max(this.#delays.max, delay),
    };
    this.#dueAt = now + this.#everyMs;
    this.#timer = setTimeout(this.#tick, this.#everyMs);
  };
}
