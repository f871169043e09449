import type { RequestHandler } from 'express';
import type { Config } from '../config/variables.ts';
import { Problem } from './problem.ts';

/** Refuses what no route should ever see: no host or two, unknown expectations, over-long URLs, broken encoding, NUL bytes. */
export function createRequestTarget({
  config,
}: {
  readonly config: Pick<Config, 'URL_LIMIT_BYTES'>;
}): RequestHandler {
  const limit = config.URL_LIMIT_BYTES;
  return function requestTarget(req, _res, next) {
    const hosts = countHosts(req.rawHeaders);
    if (hosts > 1 || (hosts === 0 && req.httpVersion === '1.1')) {
      next(new Problem('bad-request', { detail: 'One Host header is required.' }));
      return;
    }
    const { expect } = req.headers;
    if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
      next(new Problem('expectation-failed', { detail: 'Only 100-continue can be expected.' }));
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

/** Node.js keeps the first of them; whoever stands before it may have gone by another. */
function countHosts(names: readonly string[]): number {
  let hosts = 0;
  for (let at = 0; at < names.length; at += 2) {
    if (names[at]?.length === 4 && names[at]?.toLowerCase() === 'host') hosts += 1;
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
