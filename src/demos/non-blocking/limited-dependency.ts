import { setTimeout as sleep } from 'node:timers/promises';

/** How many calls it takes at once, as a database with that many connections does. */
export const TAKES_AT_ONCE = 20;
/** How long it takes to refuse a call. */
const REFUSE_MS = 1;

/** Something that a service depends on: it takes a few calls at once and refuses more. */
export class LimitedDependency {
  served = 0;
  refused = 0;
  /** Calls that have neither been served nor refused yet. */
  pending = 0;
  /** The most of them at one time. */
  maxPending = 0;
  #serving = 0;
  readonly #callMs: number;

  /** @param callMs how long it takes to serve a call */
  constructor(callMs: number) {
    this.#callMs = callMs;
  }

  /** @throws if it serves too many calls already */
  async call(): Promise<void> {
    this.pending += 1;
    this.maxPending = Math.max(this.maxPending, this.pending);
    try {
      await (this.#serving < TAKES_AT_ONCE ? this.#serve() : this.#refuse());
    } finally {
      this.pending -= 1;
    }
  }

  async #serve(): Promise<void> {
    this.#serving += 1;
    await sleep(this.#callMs);
    this.#serving -= 1;
    this.served += 1;
  }

  async #refuse(): Promise<void> {
    await sleep(REFUSE_MS);
    this.refused += 1;
    throw new Error('too many calls');
  }
}
