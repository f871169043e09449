import { performance } from 'node:perf_hooks';
import type { InFlight } from './in-flight.ts';
import { createReader, LOOK_EVERY_MS, Pace } from './pace.ts';

/** What an admission goes by. */
interface GoesBy {
  readonly pace?: Pick<Pace, 'saturated' | 'perWait'>;
  /** The time, in milliseconds. */
  readonly now?: () => number;
}

interface Waiting {
  readonly admit: () => void;
  readonly since: number;
}

/** How long admitted requests run, or arriving ones are taken in, before the other gets its turn. */
export const SLICE_MS = 5;
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
  readonly #pace: Pick<Pace, 'saturated' | 'perWait'>;
  readonly #now: () => number;
  /** By the answers that are to be given, the longest waiting first. Whoever leaves gives up the place. */
  readonly #waiting = new Map<object, Waiting>();
  /** Answers to what was admitted from this queue, with the time when it was, the oldest first. */
  readonly #running = new Map<object, number>();
  #pumping = false;
  #seen = 0;
  #collectingSince = 0;
  #pumpedAt = 0;
  #passed = 0;

  /**
   * @param maxWaitMs what a request may wait here
   * @param maxUtilization of the event loop, 0 to 1; above it running more requests at once brings nothing. As long as
   *   its turns are short nobody waits for them, however busy it is.
   * @param by what it goes by, if not this process's own event loop and clock
   */
  constructor(inFlight: InFlight, maxWaitMs: number, maxUtilization: number, by: GoesBy = {}) {
    this.#inFlight = inFlight;
    this.#maxWaitMs = maxWaitMs;
    this.#now = by.now ?? (() => performance.now());
    this.#pace = by.pace ?? this.#watchThisWorker(maxUtilization);
    inFlight.onEnd((res) => this.#running.delete(res) || this.#waiting.delete(res));
  }

  #watchThisWorker(maxUtilization: number): Pace {
    const read = createReader();
    const options = { maxWaitMs: this.#maxWaitMs, maxUtilization, longTurnMs: SLICE_MS };
    const pace = new Pace(options, read(this.finished));
    setInterval(() => pace.look(read(this.finished), this.#waiting.size > 0), LOOK_EVERY_MS).unref();
    return pace;
  }

  /** Whether requests wait, and a later one must not overtake them, or this worker has had no pause just now. */
  get busy(): boolean {
    return this.#waiting.size > 0 || this.#pace.saturated;
  }

  /** Requests that passed here and have been done since the start: what is refused elsewhere says nothing of the pace. */
  get finished(): number {
    return this.#passed - (this.#inFlight.size - this.#waiting.size);
  }

  /** A request passes without having waited. */
  pass(): void {
    this.#passed += 1;
  }

  /** @returns false where the request would have to wait too long */
  enter(answer: object, admit: () => void): boolean {
    const now = this.#now();
    const [first] = this.#waiting.values();
    // A short queue may have waited through one long pause, and is done in no time.
    const long = this.#waiting.size >= SHORT_QUEUE;
    const tooLong = long && first !== undefined && now - first.since > this.#maxWaitMs;
    if (tooLong || this.#waiting.size >= Math.max(LEAST_WAITING, this.#pace.perWait)) return false;
    this.#waiting.set(answer, { admit, since: now });
    if (!this.#pumping) {
      this.#pumping = true;
      this.#collectingSince = now;
      this.#pumpedAt = now;
      setImmediate(this.#pump);
    }
    return true;
  }

  readonly #pump = (): void => {
    const now = this.#now();
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
      if (!full) this.#runNext();
    } while (!full && this.#waiting.size > 0 && this.#now() < until);

    this.#collectingSince = this.#now();
    this.#pumpedAt = this.#collectingSince;
    if (this.#waiting.size === 0) this.#pumping = false;
    else if (full) setTimeout(this.#pump, RETRY_MS);
    else setImmediate(this.#pump);
  };

  #runNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [answer, { admit }] = next;
    this.#waiting.delete(answer);
    this.#running.set(answer, this.#now());
    this.#passed += 1;
    admit();
  }

  /** What has run for long does not count: it is a stream, or waits for something else than this worker. */
  #countRunning(): number {
    const before = this.#now() - 2 * this.#maxWaitMs;
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
    return Math.max(this.#pace.saturated ? LEAST_RUNNING : LEAST_WAITING / 2, this.#pace.perWait / 2);
  }
}
