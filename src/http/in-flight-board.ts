import { Buffer } from 'node:buffer';

/** How many requests the board can hold. */
const SLOTS = 256;
const ROUTES = 512;
const TEXT_BYTES = 240;
const ROUTE_BYTES = 120;

/** The first two words: beats of the event loop; requests without a slot. */
const BEATS = 0;
const UNRECORDED = 1;
const HEADER_WORDS = 2;

const layout = {
  startedAt: HEADER_WORDS * 4,
  textLength: HEADER_WORDS * 4 + SLOTS * 8,
  route: HEADER_WORDS * 4 + SLOTS * 12,
  text: HEADER_WORDS * 4 + SLOTS * 16,
  routeNames: HEADER_WORDS * 4 + SLOTS * (16 + TEXT_BYTES),
  size: HEADER_WORDS * 4 + SLOTS * (16 + TEXT_BYTES) + ROUTES * ROUTE_BYTES,
};

/** A request on the board. */
export interface InFlightEntry {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly route: string | undefined;
  readonly ageMs: number;
}

/** The slot of a request that found the board full. */
export const NO_SLOT = -1;

/**
 * The requests in flight, in memory that another thread can read while this one is blocked.
 *
 * It is written on every request, so writing is cheap: one short string as single bytes and two numbers, in a slot from
 * a free list. The reader does the formatting.
 */
export class InFlightBoard {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #startedAt: Float64Array;
  readonly #textLength: Int32Array;
  readonly #route: Int32Array;
  readonly #bytes: Buffer;
  readonly #free: number[];
  #routes = 0;

  /** @param memory that of another thread's board, to read it */
  constructor(memory = new SharedArrayBuffer(layout.size)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, HEADER_WORDS);
    this.#startedAt = new Float64Array(memory, layout.startedAt, SLOTS);
    this.#textLength = new Int32Array(memory, layout.textLength, SLOTS);
    this.#route = new Int32Array(memory, layout.route, SLOTS);
    this.#bytes = Buffer.from(memory);
    this.#free = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);
  }

  /** Shows that the event loop of this thread runs. */
  beat(): void {
    Atomics.add(this.#words, BEATS, 1);
  }

  get beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  /** Requests in flight without a slot. */
  get unrecorded(): number {
    return Atomics.load(this.#words, UNRECORDED);
  }

  /** @returns the request's slot, to be released with `end` */
  begin(requestId: string, method: string, url: string): number {
    const slot = this.#free.pop();
    if (slot === undefined) {
      Atomics.add(this.#words, UNRECORDED, 1);
      return NO_SLOT;
    }
    const offset = layout.text + slot * TEXT_BYTES;
    this.#textLength[slot] = this.#bytes.write(`${requestId} ${method} ${url}`, offset, TEXT_BYTES, 'latin1');
    this.#route[slot] = 0;
    this.#startedAt[slot] = Date.now();
    return slot;
  }

  end(slot: number): void {
    if (slot === NO_SLOT) {
      Atomics.sub(this.#words, UNRECORDED, 1);
      return;
    }
    this.#startedAt[slot] = 0;
    this.#free.push(slot);
  }

  /** Stores a route's pattern once. @returns the id that `setRoute` takes */
  registerRoute(pattern: string): number {
    if (this.#routes + 1 >= ROUTES) return 0;
    this.#routes += 1;
    const offset = layout.routeNames + this.#routes * ROUTE_BYTES;
    const written = this.#bytes.write(pattern, offset + 1, ROUTE_BYTES - 1, 'latin1');
    this.#bytes[offset] = written;
    return this.#routes;
  }

  setRoute(slot: number, route: number): void {
    if (slot !== NO_SLOT) this.#route[slot] = route;
  }

  /** The requests in flight, newest first: the newest is the one whose code runs. */
  read(now = Date.now()): InFlightEntry[] {
    const found: InFlightEntry[] = [];
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const startedAt = this.#startedAt[slot] ?? 0;
      if (startedAt === 0) continue;
      const offset = layout.text + slot * TEXT_BYTES;
      const text = this.#bytes.toString('latin1', offset, offset + (this.#textLength[slot] ?? 0));
      const [requestId = '', method = '', url = ''] = text.split(' ', 3);
      const [path = ''] = url.split('?', 1); // a query may hold secrets
      found.push({ requestId, method, path, route: this.#routeName(slot), ageMs: now - startedAt });
    }
    return found.sort((a, b) => a.ageMs - b.ageMs);
  }

  #routeName(slot: number): string | undefined {
    const route = this.#route[slot] ?? 0;
    if (route === 0) return undefined;
    const offset = layout.routeNames + route * ROUTE_BYTES;
    return this.#bytes.toString('latin1', offset + 1, offset + 1 + (this.#bytes[offset] ?? 0));
  }
}
