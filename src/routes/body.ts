import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../http/problem.ts';

/** @param maxBytes the limit */
export function bodyTooLarge(maxBytes: number): Problem {
  return new Problem('body-too-large', { detail: `The limit is ${maxBytes} bytes.` });
}

/** JSON is UTF-8, and other bytes must not be replaced silently: https://www.rfc-editor.org/rfc/rfc8259#section-8.1 */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The layer that replaces the bytes of a body by their JSON value; no bytes are no value. */
export function parseJson(req: Request, _res: Response, next: NextFunction): void {
  const bytes = req.body as Buffer | undefined;
  try {
    req.body =
      bytes === undefined || bytes.length === 0 ? undefined : (JSON.parse(utf8.decode(bytes)) as unknown);
  } catch (error) {
    const detail = error instanceof SyntaxError ? error.message : 'The body must be UTF-8.';
    next(new Problem('malformed-json', { detail }));
    return;
  }
  next();
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
