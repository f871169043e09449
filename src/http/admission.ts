import { performance } from 'node:perf_hooks';
import type { InFlight } from './in-flight.ts';

/** What is needed of an answer. */
interface Answer {
  once(event: 'close', listener: () => void): unknown;
}

interface Waiting {
  readonly answer: Answer;
  readonly admit: () => void;
  /** When it began to wait; later, when it began to run. */
  since: number;
}

/** How long admitted requests run, or arriving ones are taken in, before the other gets its turn. */
const SLICE_MS = 5;
/** How often the pace of this worker is measured. */
const PACE_WINDOW_MS = 500;
/** However slow this worker is: so many requests may wait, and half as many run at once. */
const LEAST_WAITING = 32;
const RETRY_MS = 1;

/**
 * The queue before a busy worker: requests are admitted at the pace at which they are finished, and those that would
 * wait longer than they may are refused as they arrive.
 *
 * Node.js accepts one connection in each turn of its event loop. A worker whose turns are long therefore leaves its
 * queue in the kernel, where it can be neither seen nor refused, and answers what its clients have long given up. So
 * what has arrived is taken in first, in short turns, and only then the next request runs.
 */
export class Admission {
  readonly #inFlight: InFlight;
  readonly #maxWaitMs: number;
  readonly #waiting: Waiting[] = [];
  /** Admitted from this queue and not yet finished, the oldest first. */
  readonly #running = new Set<Waiting>();
  #pumping = false;
  #seen = 0;
  #collectingSince = 0;
  #pumpedAt = 0;
  #refused = 0;
  #maxWaiting = LEAST_WAITING;

  /** @param maxWaitMs what a request may wait here */
  constructor(inFlight: InFlight, maxWaitMs: number) {
    this.#inFlight = inFlight;
    this.#maxWaitMs = maxWaitMs;
    let last = { at: performance.now(), finished: 0 };
    setInterval(() => {
      last = this.#measurePace(last);
    }, PACE_WINDOW_MS).unref();
  }

  /** Whether requests wait: a later one must not overtake them. */
  get active(): boolean {
    return this.#waiting.length > 0;
  }

  /** @returns false where the request would have to wait too long */
  enter(answer: Answer, admit: () => void): boolean {
    const now = performance.now();
    const [first] = this.#waiting;
    // A short queue may have waited through one long pause, and is done in no time.
    const long = this.#waiting.length >= LEAST_WAITING / 2;
    const tooLong = long && first !== undefined && now - first.since > this.#maxWaitMs;
    if (tooLong || this.#waiting.length >= this.#maxWaiting) {
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
      full = this.#countRunning() >= this.#maxWaiting / 2;
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
    next.since = performance.now();
    this.#running.add(next);
    next.answer.once('close', () => this.#running.delete(next));
    next.admit();
  }

  /** What has run for long does not count: it is a stream, or waits for something else than this worker. */
  #countRunning(): number {
    const before = performance.now() - 2 * this.#maxWaitMs;
    for (const running of this.#running) {
      if (running.since >= before) break;
      this.#running.delete(running);
    }
    return this.#running.size;
  }

  /** Whether something arrived in the last turn, so that more may be there. */
  #collect(now: number): boolean {
    const arrived = this.#inFlight.arrivals !== this.#seen;
    this.#seen = this.#inFlight.arrivals;
    return arrived && now - this.#collectingSince < SLICE_MS;
  }

  /** As many may wait as this worker finishes in the time that one may wait. */
  #measurePace(last: { readonly at: number; readonly finished: number }) {
    const now = {
      at: performance.now(),
      finished: this.#inFlight.total - this.#inFlight.size - this.#refused,
    };
    const perMs = (now.finished - last.finished) / (now.at - last.at);
    this.#maxWaiting = Math.max(LEAST_WAITING, Math.round(perMs * this.#maxWaitMs));
    return now;
  }
}
