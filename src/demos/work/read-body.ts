import type { Request } from 'express';
import { Problem } from '../../http/problem.ts';

/**
 * Reads a body chunk by chunk, up to a limit. A body that is too large is left unread and not destroyed: a destroyed
 * request takes its connection with it, and the client would never see the answer.
 *
 * @throws {Problem} `body-too-large`, or the signal's reason
 */
export async function* readBody(req: Request, maxBytes: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const tooLarge = new Problem('body-too-large', {
    detail: `At most ${maxBytes} bytes are read.`,
    headers: { Connection: 'close' }, // so that nobody waits for the rest
  });
  if (Number(req.get('content-length') ?? 0) > maxBytes) throw tooLarge;
  let total = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    total += chunk.length;
    if (total > maxBytes) throw tooLarge;
    yield chunk;
  }
}
