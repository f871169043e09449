import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Streams a source to a response, and always destroys the source. `pipeline` alone does not if the client disconnected
 * before it started: it rejects with `ERR_STREAM_UNABLE_TO_PIPE` and leaves the source, and its file, open.
 *
 * @throws the signal's reason, the source's error, or an error of `pipeline` if the client has disconnected
 */
export async function sendStream(source: Readable, res: Writable, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(source, res, { signal });
  } finally {
    source.destroy();
  }
}
