import type { RequestHandler } from 'express';
import { secureHeaders, secureHeadersOnHttps } from '../http/secure-headers.ts';

/** Sets helmet's headers on every response. */
export function createSecureHeaders(): RequestHandler {
  return function setSecureHeaders(req, res, next) {
    for (const [name, value] of req.secure ? secureHeadersOnHttps : secureHeaders) res.setHeader(name, value);
    next();
  };
}
