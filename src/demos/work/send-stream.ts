import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Streams a source into an answer, and ends with the source destroyed, whatever happens.
 *
 * `pipeline` alone keeps that promise once it has begun. Where the client has left before, it refuses the answer
 * (`ERR_STREAM_UNABLE_TO_PIPE`) and leaves the source as it was, with its file still open.
 *
 * @throws what `pipeline` throws: the signal's reason, the source's error, or that the client has left
 */
export async function sendStream(source: Readable, res: Writable, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(source, res, { signal });
  } finally {
    source.destroy();
  }
}
