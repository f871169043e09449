import type { RequestHandler } from 'express';
import { helmetHeaders, helmetHeadersOnHttps } from '../http/helmet-headers.ts';

/** Sets helmet's headers on every response. */
export function createSecureHeaders(): RequestHandler {
  return function secureHeaders(req, res, next) {
    for (const [name, value] of req.secure ? helmetHeadersOnHttps : helmetHeaders) res.setHeader(name, value);
    next();
  };
}
