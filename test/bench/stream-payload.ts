/** The streamed bytes, the same for all contestants. */
import { Readable, Writable } from 'node:stream';

export const STREAM_BYTES = 256 * 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, 'x');

/** A stream of `bytes` bytes, in chunks of 64 KB. */
export function streamOf(bytes: number): Readable {
  let remaining = bytes;
  return new Readable({
    highWaterMark: chunk.length,
    read() {
      const next = Math.min(remaining, chunk.length);
      remaining -= next;
      this.push(next === 0 ? null : chunk.subarray(0, next));
    },
  });
}

/** A stream that discards and counts what is written to it. */
export function countingSink(): { readonly sink: Writable; readonly bytes: () => number } {
  let bytes = 0;
  const sink = new Writable({
    write(data: Buffer, _encoding, done) {
      bytes += data.length;
      done();
    },
  });
  return { sink, bytes: () => bytes };
}
