import type { Request } from 'express';
import { Problem } from '../http/problem.ts';

/** @param maxBytes the limit */
export function bodyTooLarge(maxBytes: number): Problem {
  return new Problem('body-too-large', { detail: `The limit is ${maxBytes} bytes.` });
}

/**
 * Reads a body chunk by chunk, up to a limit. A request that is too large is not destroyed: that would close its
 * connection before the client gets the error response.
 *
 * @throws {Problem} `body-too-large`; or an error if the client disconnects
 */
export async function* readBody(req: Request, maxBytes: number): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBytes) throw bodyTooLarge(maxBytes);
    yield chunk;
  }
}
