import { performance } from 'node:perf_hooks';
import type { InFlight } from '../../http/in-flight.ts';
import { createLoopSampler, readStarvation, SAMPLE_INTERVAL_MS, ThroughputMeter } from './throughput.ts';

/** Sources of time and throughput; replaced in tests. */
interface AdmissionSources {
  readonly throughput?: Pick<ThroughputMeter, 'saturated' | 'capacityWithinMaxWait'>;
  readonly now?: () => number;
}

/** A response, as far as the queue knows it. */
interface Admissible {
  readonly req?: { readonly complete: boolean };
}

interface Waiting {
  readonly admit: () => void;
  readonly since: number;
}

/** How long admitted requests run, or arriving ones are accepted, before the other gets a turn. */
export const SLICE_MS = 5;
/** Minimum queue capacity. While the worker is not saturated, at least half as many requests may run at once. */
const MIN_QUEUE = 32;
/** Below this length no request is rejected for the time that others have waited. */
const SHORT_QUEUE = 24;
/** How many requests may always run at once while the worker is saturated: some of them wait for something else. */
const MIN_RUNNING = 8;
const RETRY_MS = 1;

/**
 * The queue of a saturated worker: a bounded FIFO with a concurrency limit from measured throughput. It admits requests
 * at the rate at which they are completed, and rejects new ones if they would wait too long.
 *
 * Node.js accepts one connection per iteration of its event loop. With long iterations the real queue is in the kernel,
 * where requests can be neither seen nor rejected, and the worker serves requests that clients gave up long ago. So
 * arrivals are accepted first, in short iterations, and only then the next request runs. The fault run
 * `overload` shows the difference.
 *
 * While the event loop has no idle time, few requests run at once: more would not complete sooner, and their
 * continuations after a wait would run in one long iteration, during which nothing can be rejected.
 */
export class AdmissionQueue {
  readonly #inFlight: InFlight;
  readonly #maxWaitMs: number;
  readonly #throughput: Pick<ThroughputMeter, 'saturated' | 'capacityWithinMaxWait'>;
  readonly #now: () => number;
  /** By response, the longest waiting first. A client that disconnects leaves the queue. */
  readonly #waiting = new Map<Admissible, Waiting>();
  /** Responses to requests admitted from this queue, with the time of admission, oldest first. */
  readonly #running = new Map<Admissible, number>();
  #drainScheduled = false;
  #seenArrivals = 0;
  #acceptingSince = 0;
  #drainedAt = 0;
  #admitted = 0;
  #starvedMs = 0;

  /**
   * @param maxWaitMs the longest time that a request may wait here
   * @param maxUtilization event-loop utilization (0 to 1) above which more concurrency does not help. While iterations
   *   are short, requests do not wait, however busy the event loop is.
   */
  constructor(inFlight: InFlight, maxWaitMs: number, maxUtilization: number, sources: AdmissionSources = {}) {
    this.#inFlight = inFlight;
    this.#maxWaitMs = maxWaitMs;
    this.#now = sources.now ?? (() => performance.now());
    this.#throughput = sources.throughput ?? this.#startSampling(maxUtilization);
    inFlight.onEnd((res) => this.#running.delete(res) || this.#waiting.delete(res));
  }

  #startSampling(maxUtilization: number): ThroughputMeter {
    const read = createLoopSampler();
    const options = { maxWaitMs: this.#maxWaitMs, maxUtilization, longIterationMs: SLICE_MS };
    this.#starvedMs = readStarvation();
    const meter = new ThroughputMeter(options, read(this.completed, this.#starvedMs));
    const sample = () => {
      this.#starvedMs = readStarvation();
      meter.sample(read(this.completed, this.#starvedMs), this.#waiting.size > 0);
    };
    setInterval(sample, SAMPLE_INTERVAL_MS).unref();
    return meter;
  }

  /** Whether requests wait, which later ones must not overtake, or the worker is saturated. */
  get busy(): boolean {
    return this.#waiting.size > 0 || this.#throughput.saturated;
  }

  /** The time for which this process could serve requests, in milliseconds. */
  get #servingTime(): number {
    return this.#now() - this.#starvedMs;
  }

  /** Requests admitted here and completed. Rejections elsewhere are not throughput. */
  get completed(): number {
    return this.#admitted - (this.#inFlight.size - this.#waiting.size);
  }

  /** Admits a request without queueing. */
  bypass(): void {
    this.#admitted += 1;
  }

  /** @returns false if the request would have to wait too long */
  tryEnqueue(response: Admissible, admit: () => void): boolean {
    const now = this.#now();
    const [first] = this.#waiting.values();
    // A short queue may have waited through one long pause, and is empty soon.
    const long = this.#waiting.size >= SHORT_QUEUE;
    const tooLong = long && first !== undefined && this.#servingTime - first.since > this.#maxWaitMs;
    if (tooLong || this.#waiting.size >= Math.max(MIN_QUEUE, this.#throughput.capacityWithinMaxWait)) {
      return false;
    }
    this.#waiting.set(response, { admit, since: this.#servingTime });
    if (!this.#drainScheduled) {
      this.#drainScheduled = true;
      this.#acceptingSince = now;
      this.#drainedAt = now;
      setImmediate(this.#admitWaiting);
    }
    return true;
  }

  readonly #admitWaiting = (): void => {
    const now = this.#now();
    const iterationMs = now - this.#drainedAt;
    this.#drainedAt = now;
    if (this.#acceptArrivals(now)) {
      setImmediate(this.#admitWaiting);
      return;
    }
    // A long iteration was busy with requests that already run: admit only one more.
    const until = iterationMs > SLICE_MS ? now : now + SLICE_MS;
    let running = this.#countRunning();
    let full: boolean;
    do {
      full = running >= this.#maxRunning;
      if (!full && !this.#admitNext()) running += 1;
    } while (!full && this.#waiting.size > 0 && this.#now() < until);

    this.#acceptingSince = this.#now();
    this.#drainedAt = this.#acceptingSince;
    if (this.#waiting.size === 0) this.#drainScheduled = false;
    else if (full) setTimeout(this.#admitWaiting, RETRY_MS);
    else setImmediate(this.#admitWaiting);
  };

  /** @returns whether the request now waits for its body */
  #admitNext(): boolean {
    const [next] = this.#waiting;
    if (next === undefined) return false;
    const [response, { admit }] = next;
    this.#waiting.delete(response);
    this.#running.set(response, this.#now());
    this.#admitted += 1;
    admit();
    return waitsForBody(response);
  }

  /**
   * A request whose body has not arrived does not count: it uses no CPU time, and would take the place of one that does.
   * Nor do requests that have run for long: they stream, or wait for something outside this worker.
   */
  #countRunning(): number {
    const before = this.#now() - 2 * this.#maxWaitMs;
    let running = 0;
    for (const [response, since] of this.#running) {
      if (since < before) this.#running.delete(response);
      else if (!waitsForBody(response)) running += 1;
    }
    return running;
  }

  /** Whether something arrived in the last iteration, so that more may be waiting in the kernel. */
  #acceptArrivals(now: number): boolean {
    const arrived = this.#inFlight.arrivals !== this.#seenArrivals;
    this.#seenArrivals = this.#inFlight.arrivals;
    return arrived && now - this.#acceptingSince < SLICE_MS;
  }

  get #maxRunning(): number {
    const { saturated, capacityWithinMaxWait } = this.#throughput;
    if (saturated && capacityWithinMaxWait === Infinity) return MIN_RUNNING; // not measured yet
    return Math.max(saturated ? MIN_RUNNING : MIN_QUEUE / 2, capacityWithinMaxWait / 2);
  }
}

function waitsForBody({ req }: Admissible): boolean {
  return req?.complete === false;
}
