import type { RequestHandler } from 'express';
import { Problem } from '../http/problem.ts';
import type { Method } from './route.ts';

/** Responds 405 with the allowed methods to every other method of a path, and 204 to OPTIONS. */
export function rejectMethod(methods: readonly Method[]): RequestHandler {
  const served = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const allow = [...new Set([...served, 'OPTIONS'])].join(', ');
  return function methodNotAllowed(req, res, next) {
    if (req.method === 'OPTIONS') res.status(204).set('Allow', allow).end();
    else next(new Problem('method-not-allowed', { detail: `Allowed: ${allow}.`, headers: { Allow: allow } }));
  };
}
