/** What is streamed up and down: the same for all contestants. */
import { Readable, Writable } from 'node:stream';

export const STREAM_BYTES = 256 * 1024 * 1024;
const piece = Buffer.alloc(64 * 1024, 'x');

/** Pieces of 64 KB, up to `bytes`. */
export function streamOf(bytes: number): Readable {
  let left = bytes;
  return new Readable({
    highWaterMark: piece.length,
    read() {
      const next = Math.min(left, piece.length);
      left -= next;
      this.push(next === 0 ? null : piece.subarray(0, next));
    },
  });
}

/** Takes all and counts it. */
export function countingSink(): { readonly sink: Writable; readonly bytes: () => number } {
  let bytes = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  return { sink, bytes: () => bytes };
}
