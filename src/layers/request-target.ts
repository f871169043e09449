import type { RequestHandler } from 'express';
import type { Config } from '../config/core-variables.ts';
import { Problem } from '../http/problem.ts';

/**
 * Rejects what no route should see: a missing or repeated Host header, unknown expectations, overlong URLs, invalid
 * percent-encoding, NUL bytes.
 */
export function createRequestTarget({
  config,
}: {
  readonly config: Pick<Config, 'URL_LIMIT_BYTES'>;
}): RequestHandler {
  const limit = config.URL_LIMIT_BYTES;
  return function requestTarget(req, _res, next) {
    const hosts = countHosts(req.rawHeaders);
    if (hosts > 1 || (hosts === 0 && req.httpVersion === '1.1')) {
      next(new Problem('bad-request', { detail: 'Exactly one Host header is required.' }));
      return;
    }
    const { expect } = req.headers;
    if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
      next(new Problem('expectation-failed', { detail: 'The only supported expectation is 100-continue.' }));
      return;
    }
    if (req.url.length > limit) {
      next(new Problem('url-too-long', { detail: `The limit is ${limit} bytes.` }));
      return;
    }
    if (req.url.includes('%') && !isDecodable(req.path)) {
      next(
        new Problem('malformed-url', {
          detail: 'The path has invalid percent-encoding or a NUL byte.',
        }),
      );
      return;
    }
    next();
  };
}

/** Node.js keeps only the first Host header; a proxy in front may have used another one. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.length === 4 && rawHeaders[at]?.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

function isDecodable(path: string): boolean {
  try {
    return !decodeURIComponent(path).includes('\0');
  } catch {
    return false;
  }
}
