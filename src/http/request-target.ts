import type { RequestHandler } from 'express';
import type { Config } from '../config.ts';
import { Problem } from './problem.ts';

/** Refuses what no route should ever see: no host, over-long URLs, broken percent-encoding, NUL bytes. */
export function createRequestTarget({
  config,
}: {
  readonly config: Pick<Config, 'URL_LIMIT_BYTES'>;
}): RequestHandler {
  const limit = config.URL_LIMIT_BYTES;
  return function requestTarget(req, _res, next) {
    if (req.headers.host === undefined && req.httpVersion === '1.1') {
      next(new Problem('bad-request', { detail: 'A Host header is required.' }));
      return;
    }
    if (req.url.length > limit) {
      next(new Problem('url-too-long', { detail: `At most ${limit} bytes are served.` }));
      return;
    }
    if (req.url.includes('%') && !isDecodable(req.path)) {
      next(
        new Problem('malformed-url', {
          detail: 'The path is not valid percent-encoding, or has a NUL byte.',
        }),
      );
      return;
    }
    next();
  };
}

function isDecodable(path: string): boolean {
  try {
    return !decodeURIComponent(path).includes('\0');
  } catch {
    return false;
  }
}
