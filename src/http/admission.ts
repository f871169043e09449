import { performance } from 'node:perf_hooks';
import type { InFlight } from './in-flight.ts';

interface Waiting {
  readonly answer: object;
  readonly admit: () => void;
  readonly since: number;
}

/** How long admitted requests run, or arriving ones are taken in, before the other gets its turn. */
export const SLICE_MS = 5;
/** How often it is looked whether this worker has pauses: what arrives before that is seen cannot be refused. */
const LOOK_EVERY_MS = 100;
/** Looks over which the pace of this worker is measured. */
const LOOKS_PER_PACE = 5;
/** However slow this worker is: so many requests may wait, and half as many run at once. */
const LEAST_WAITING = 32;
/** In a queue shorter than this nobody has to leave, however long the first has waited. */
const SHORT_QUEUE = 24;
/** So many run at once, however slow it is, where the event loop has no pause: some of them wait for something else. */
const LEAST_RUNNING = 8;
const RETRY_MS = 1;

/**
 * The queue before a busy worker: requests are admitted at the pace at which they are finished, and those that would
 * wait longer than they may are refused as they arrive.
 *
 * Node.js accepts one connection in each turn of its event loop. A worker whose turns are long therefore leaves its
 * queue in the kernel, where it can be neither seen nor refused, and answers what its clients have long given up. So
 * what has arrived is taken in first, in short turns, and only then the next request runs.
 *
 * Where there is no pause, little runs at once: more would not be done sooner, and work that begins after a wait would
 * come back all in one turn, during which nothing can be refused.
 */
export class Admission {
  readonly #inFlight: InFlight;
  readonly #maxWaitMs: number;
  readonly #waiting: Waiting[] = [];
  /** Answers to what was admitted from this queue, with the time when it was, the oldest first. */
  readonly #running = new Map<object, number>();
  #pumping = false;
  #seen = 0;
  #collectingSince = 0;
  #pumpedAt = 0;
  #refused = 0;
  /** Requests this worker finishes in the time that one may wait. */
  #pace = 0;
  #saturated = false;

  /**
   * @param maxWaitMs what a request may wait here
   * @param maxUtilization of the event loop, 0 to 1; above it running more requests at once brings nothing. As long as
   *   its turns are short nobody waits for them, however busy it is.
   */
  constructor(inFlight: InFlight, maxWaitMs: number, maxUtilization: number) {
    this.#inFlight = inFlight;
    this.#maxWaitMs = maxWaitMs;
    let looks = 0;
    let lookedAt = performance.now();
    let turns = countTurns();
    let utilization = performance.eventLoopUtilization();
    let last = this.#countFinished();
    setInterval(() => {
      const before = { at: lookedAt, turns, utilization };
      lookedAt = performance.now();
      turns = countTurns();
      utilization = performance.eventLoopUtilization();
      const busy = performance.eventLoopUtilization(utilization, before.utilization).utilization;
      // A look that is late by as much again was kept back by one long turn, though there were pauses before it.
      const late = lookedAt - before.at > 2 * LOOK_EVERY_MS;
      const turnMs = (lookedAt - before.at) / Math.max(1, turns - before.turns);
      this.#saturated =
        (busy > maxUtilization && (turnMs > SLICE_MS || this.#waiting.length > 0)) ||
        (late && maxUtilization !== Infinity);
      looks += 1;
      if (looks % LOOKS_PER_PACE !== 0) return;
      const now = this.#countFinished();
      this.#pace = ((now.finished - last.finished) / (now.at - last.at)) * maxWaitMs;
      last = now;
    }, LOOK_EVERY_MS).unref();
    inFlight.onEnd((res) => this.#running.delete(res));
  }

  /** Whether requests wait, and a later one must not overtake them, or this worker has had no pause just now. */
  get busy(): boolean {
    return this.#waiting.length > 0 || this.#saturated;
  }

  /** @returns false where the request would have to wait too long */
  enter(answer: object, admit: () => void): boolean {
    const now = performance.now();
    const [first] = this.#waiting;
    // A short queue may have waited through one long pause, and is done in no time.
    const long = this.#waiting.length >= SHORT_QUEUE;
    const tooLong = long && first !== undefined && now - first.since > this.#maxWaitMs;
    if (tooLong || this.#waiting.length >= Math.max(LEAST_WAITING, this.#pace)) {
      this.#refused += 1;
      return false;
    }
    this.#waiting.push({ answer, admit, since: now });
    if (!this.#pumping) {
      this.#pumping = true;
      this.#collectingSince = now;
      this.#pumpedAt = now;
      setImmediate(this.#pump);
    }
    return true;
  }

  readonly #pump = (): void => {
    const now = performance.now();
    const turnMs = now - this.#pumpedAt;
    this.#pumpedAt = now;
    if (this.#collect(now)) {
      setImmediate(this.#pump);
      return;
    }
    // A turn that took long was busy with what runs already: then one more is enough.
    const until = turnMs > SLICE_MS ? now : now + SLICE_MS;
    let full: boolean;
    do {
      full = this.#countRunning() >= this.#maxRunning;
      if (!full) this.#run(this.#waiting.shift());
    } while (!full && this.#waiting.length > 0 && performance.now() < until);

    this.#collectingSince = performance.now();
    this.#pumpedAt = this.#collectingSince;
    if (this.#waiting.length === 0) this.#pumping = false;
    else if (full) setTimeout(this.#pump, RETRY_MS);
    else setImmediate(this.#pump);
  };

  #run(next: Waiting | undefined): void {
    if (next === undefined) return;
    this.#running.set(next.answer, performance.now());
    next.admit();
  }

  /** What has run for long does not count: it is a stream, or waits for something else than this worker. */
  #countRunning(): number {
    const before = performance.now() - 2 * this.#maxWaitMs;
    for (const [answer, since] of this.#running) {
      if (since >= before) break;
      this.#running.delete(answer);
    }
    return this.#running.size;
  }

  /** Whether something arrived in the last turn, so that more may be there. */
  #collect(now: number): boolean {
    const arrived = this.#inFlight.arrivals !== this.#seen;
    this.#seen = this.#inFlight.arrivals;
    return arrived && now - this.#collectingSince < SLICE_MS;
  }

  get #maxRunning(): number {
    return Math.max(this.#saturated ? LEAST_RUNNING : LEAST_WAITING / 2, this.#pace / 2);
  }

  #countFinished() {
    return {
      at: performance.now(),
      finished: this.#inFlight.total - this.#inFlight.size - this.#refused,
    };
  }
}

/** Turns of the event loop since it began. */
function countTurns(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}
