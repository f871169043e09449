import type { Request, RequestHandler } from 'express';
import type { Config } from '../config/core-variables.ts';
import { crossSite, isCrossSite } from '../http/foreign-request.ts';

/** They must not change anything: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
/** With these schemes a browser adds credentials by itself, as it adds cookies. */
const browserSchemes = /^(?:basic|digest|negotiate|ntlm)\b/i;

/**
 * Rejects what a page of another origin makes a user's browser send to change something (cross-site request forgery).
 * The browser adds the user's cookies, and reaches what only the user's network reaches: so a request without cookies
 * is rejected as well. Clients other than browsers are not affected.
 *
 * Pages of origins in `CORS_ORIGINS` may send anything; with `*`, pages of any origin may send requests without cookies and
 * other credentials that the browser adds.
 */
export function createCrossSite({
  config,
}: {
  readonly config: Pick<Config, 'CORS_ORIGINS'>;
}): RequestHandler {
  const listed = new Set(config.CORS_ORIGINS);
  return function rejectCrossSite(req, _res, next) {
    if (safeMethods.has(req.method) || !isCrossSite(req, req.host)) next();
    else if (listed.has(req.headers.origin ?? '')) next();
    else if (listed.has('*') && !isSignedIn(req)) next();
    else next(crossSite());
  };
}

function isSignedIn({ headers: { cookie, authorization = '' } }: Request): boolean {
  return cookie !== undefined || browserSchemes.test(authorization);
}
