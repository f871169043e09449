import { performance } from 'node:perf_hooks';

/**
 * Tells how long the present turn of the event loop has taken so far, which is how long a request that is read now
 * has waited at most behind others.
 *
 * A sample once in a while, as vitals are, says how late the event loop was; admission needs to know how late it is:
 * with an old figure it would refuse for half a second what it could long do again. Costs one `setImmediate` a turn
 * in which requests arrive, and a look at the clock for each of them.
 */
export class TurnClock {
  #turnStartedAt: number | undefined;
  #asked = false;

  /** @returns milliseconds since the event loop last came by; 0 where it was idle before this request */
  lateness(): number {
    this.#asked = true;
    const now = performance.now();
    if (this.#turnStartedAt === undefined) {
      this.#turnStartedAt = now;
      setImmediate(this.#turn);
      return 0;
    }
    return now - this.#turnStartedAt;
  }

  /** Goes on from turn to turn as long as requests arrive in each: what the turn does after this counts for the next. */
  readonly #turn = (): void => {
    if (!this.#asked) {
      this.#turnStartedAt = undefined;
      return;
    }
    this.#asked = false;
    this.#turnStartedAt = performance.now();
    setImmediate(this.#turn);
  };
}
