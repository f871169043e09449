import type { RequestHandler } from 'express';
import type { Config } from '../config/core-variables.ts';
import { Problem } from '../http/problem.ts';
import { checkHead } from '../http/request-head.ts';

/**
 * Rejects what no route should see: a malformed head, overlong URLs, invalid percent-encoding, NUL bytes. Responds to
 * `OPTIONS *`, which is about the server and not about a route: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7
 */
export function createRequestTarget({
  config,
}: {
  readonly config: Pick<Config, 'URL_LIMIT_BYTES'>;
}): RequestHandler {
  const limit = config.URL_LIMIT_BYTES;
  return function requestTarget(req, res, next) {
    checkHead(req);
    if (req.url.length > limit) throw new Problem('url-too-long', { detail: `The limit is ${limit} bytes.` });
    if (req.url.includes('%')) checkEncoding(req.url);
    if (req.url === '*') res.status(204).end();
    else next();
  };
}

/** Query parsers replace invalid UTF-8 silently, so that a handler would get another value than was sent. */
function checkEncoding(url: string): void {
  const [path = '', query = ''] = url.split(/\?(.*)/s, 2);
  if (!isDecodable(path) || decodeURIComponent(path).includes('\0')) {
    throw new Problem('malformed-url', { detail: 'The path has invalid percent-encoding or a NUL byte.' });
  }
  if (!isDecodable(query)) {
    throw new Problem('malformed-url', { detail: 'The query has invalid percent-encoding.' });
  }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
