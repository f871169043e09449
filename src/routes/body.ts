import type { Request } from 'express';
import { Problem } from '../http/problem.ts';

/** The rest of the body is not read, and the connection is closed so that the client does not have to send it. */
export function bodyTooLarge(maxBytes: number): Problem {
  return new Problem('body-too-large', {
    detail: `The limit is ${maxBytes} bytes.`,
    headers: { Connection: 'close' },
  });
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
