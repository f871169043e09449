import { randomBytes } from 'node:crypto';

/** What one millisecond can hold of ids that still sort in the order in which they were made. */
const IDS_A_MILLISECOND = 0x1000;

/**
 * Makes UUIDs of version 7: they begin with the time and so sort by creation, which is what pages are cut by.
 * Within a millisecond a counter keeps the order: https://www.rfc-editor.org/rfc/rfc9562#section-6.2
 */
export class TaskIds {
  readonly #now: () => number;
  #time = 0;
  #count = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  next(): string {
    const now = this.#now();
    // A clock that is set back must not set the order back.
    if (now > this.#time) [this.#time, this.#count] = [now, 0];
    else this.#count += 1;
    if (this.#count === IDS_A_MILLISECOND) [this.#time, this.#count] = [this.#time + 1, 0];

    const bytes = randomBytes(16);
    bytes.writeUIntBE(this.#time, 0, 6);
    bytes.writeUInt16BE(0x7000 | this.#count, 6);
    bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
}

/** @returns when an id was made, in milliseconds since 1970 */
export function uuidTimestamp(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
