import { performance } from 'node:perf_hooks';
import { toMicroseconds } from './timeline.ts';

/** How late a timer was. */
export interface LoopDelays {
  /** How often the timer fired. */
  readonly ticks: number;
  /** How often it would have fired on an idle event loop. */
  readonly expectedTicks: number;
  /** The longest delay of a tick, in milliseconds. */
  readonly maxDelayMs: number;
  readonly meanDelayMs: number;
}

/** A timer that measures how late it fires. Every other callback of this thread, so every request, waits as long. */
export class EventLoopProbe {
  readonly #everyMs: number;
  readonly #startedAt = performance.now();
  #dueAt: number;
  #timer: NodeJS.Timeout;
  #delays = { count: 0, sum: 0, max: 0 };

  /** @param everyMs the interval of the timer, which cannot measure delays below about a millisecond */
  constructor(everyMs = 5) {
    this.#everyMs = everyMs;
    this.#dueAt = this.#startedAt + everyMs;
    this.#timer = setTimeout(this.#tick, everyMs);
  }

  /** Stops the timer. A tick that is overdue now counts as well. */
  stop(): LoopDelays {
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
    // Timers have a resolution of a millisecond: that much is not a delay.
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
