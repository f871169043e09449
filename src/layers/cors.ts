import type { Request, RequestHandler } from 'express';
import type { Config } from '../config/core-variables.ts';
import { checkHead } from '../http/request-head.ts';

/** How long browsers may reuse a preflight, in seconds. An origin that is removed from the list stays allowed as long. */
const MAX_AGE_S = 600;

/** A method that is not served gets its 405, which the page can read. */
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';

/** What this service itself sends and a page could not read otherwise. */
const EXPOSED = ['X-Request-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'WWW-Authenticate', 'Allow'];

const headerNames = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/;

interface CorsOptions {
  readonly config: Pick<Config, 'CORS_ORIGINS'>;
  readonly features: readonly {
    readonly routes: readonly { readonly responseHeaders?: Readonly<Record<string, string>> }[];
  }[];
}

/**
 * Lets pages of the listed origins call this service and read its responses, errors included. Origins are compared as a
 * whole: a pattern such as "ends with example.com" also matches evil-example.com. Pages of other origins get no header
 * that would let them read anything. https://fetch.spec.whatwg.org/#http-cors-protocol
 *
 * Pages of listed origins may send cookies; with `*` no page may. A preflight of an allowed page gets its response here,
 * before the rate limit and load shedding: a browser would take a 429 or 503 for a refusal, and show neither to the page.
 *
 * Headers that routes declare in `responseHeaders` are readable, too.
 */
export function createCors({ config, features }: CorsOptions): RequestHandler {
  const listed = new Set(config.CORS_ORIGINS);
  const any = listed.has('*');
  const declared = features.flatMap(({ routes }) =>
    routes.flatMap(({ responseHeaders = {} }) => Object.keys(responseHeaders)),
  );
  const exposed = [...new Set([...EXPOSED, ...declared])].join(', ');

  return function cors(req, res, next) {
    const { origin } = req.headers;
    // On every response, also on one without an origin: a cache must not hand it to a page of a listed one.
    if (!any) res.vary('Origin');
    if (origin === undefined || !(any || listed.has(origin))) {
      next();
      return;
    }
    res.setHeader('Access-Control-Allow-Origin', any ? '*' : origin);
    if (!any) res.setHeader('Access-Control-Allow-Credentials', 'true');
    if (!isPreflight(req)) {
      res.setHeader('Access-Control-Expose-Headers', exposed);
      next();
      return;
    }
    checkHead(req);
    res.vary('Access-Control-Request-Headers');
    res.setHeader('Access-Control-Allow-Methods', METHODS);
    // Whatever the page asks for: a page that may call at all may send any header.
    const asked = req.headers['access-control-request-headers'];
    if (asked !== undefined && headerNames.test(asked)) res.setHeader('Access-Control-Allow-Headers', asked);
    res.setHeader('Access-Control-Max-Age', MAX_AGE_S);
    res.status(204).end();
  };
}

/** https://fetch.spec.whatwg.org/#cors-preflight-request */
function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}
