import type { Request } from 'express';
import { Problem } from './problem.ts';

/** A body that goes on is left unread, and its connection closed, so that nobody waits for the rest of it. */
export function bodyTooLarge(maxBytes: number): Problem {
  return new Problem('body-too-large', {
    detail: `At most ${maxBytes} bytes are read.`,
    headers: { Connection: 'close' },
  });
}

/**
 * Reads a body chunk by chunk, up to a limit. A body that is too large is left unread and not destroyed: a destroyed
 * request takes its connection with it, and the client would never see the answer.
 *
 * @throws {Problem} `body-too-large`; or an error where the client leaves
 */
export async function* readBody(req: Request, maxBytes: number): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBytes) throw bodyTooLarge(maxBytes);
    yield chunk;
  }
}
