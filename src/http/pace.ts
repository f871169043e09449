import { performance } from 'node:perf_hooks';

/** What is known of a worker at one moment. */
export interface Reading {
  readonly at: number;
  /** Turns of the event loop since it began. */
  readonly turns: number;
  /** Share of the time since the reading before this one in which the event loop was busy, 0 to 1. */
  readonly utilization: number;
  /** Requests finished since the start. */
  readonly finished: number;
}

/** How often it is looked whether a worker has pauses: what arrives before that is seen cannot be refused. */
export const LOOK_EVERY_MS = 100;
/** Looks over which the pace is measured. */
const LOOKS_PER_PACE = 5;

interface PaceOptions {
  readonly maxWaitMs: number;
  /** Above it running more requests at once brings nothing, 0 to 1; or Infinity, and no worker is ever saturated. */
  readonly maxUtilization: number;
  /** A turn of the event loop that is longer makes others wait. */
  readonly longTurnMs: number;
}

/** How fast a worker finishes requests, and whether its event loop has pauses, from one look to the next. */
export class Pace {
  readonly #options: PaceOptions;
  #last: Reading;
  #measuredFrom: Reading;
  #looks = 0;
  #saturated = false;
  #perWait = 0;

  constructor(options: PaceOptions, first: Reading) {
    this.#options = options;
    this.#last = first;
    this.#measuredFrom = first;
  }

  /** Whether this worker has had no pause just now. */
  get saturated(): boolean {
    return this.#saturated;
  }

  /** Requests this worker finishes in the time that one may wait. */
  get perWait(): number {
    return this.#perWait;
  }

  /** @param someWait whether requests wait already; as long as turns are short nobody else has to, however busy it is */
  look(reading: Reading, someWait: boolean): void {
    const { maxUtilization, longTurnMs, maxWaitMs } = this.#options;
    const passedMs = reading.at - this.#last.at;
    const turnMs = passedMs / Math.max(1, reading.turns - this.#last.turns);
    this.#last = reading;
    // A look that is late by as much again was kept back by one long turn, though there were pauses before it.
    const late = passedMs > 2 * LOOK_EVERY_MS;
    this.#saturated =
      (reading.utilization > maxUtilization && (turnMs > longTurnMs || someWait)) ||
      (late && maxUtilization !== Infinity);
    this.#looks += 1;
    if (this.#looks % LOOKS_PER_PACE !== 0) return;
    const finished = reading.finished - this.#measuredFrom.finished;
    this.#perWait = (finished / (reading.at - this.#measuredFrom.at)) * maxWaitMs;
    this.#measuredFrom = reading;
  }
}

/** @returns what reads this process's event loop, each time since the time before */
export function createReader(): (finished: number) => Reading {
  let before = performance.eventLoopUtilization();
  return (finished) => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const { loopCount } = performance.nodeTiming.uvMetricsInfo;
    return { at: performance.now(), turns: loopCount, utilization, finished };
  };
}
