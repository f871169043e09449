import type { RequestHandler } from 'express';
import type { Method } from './feature.ts';
import { Problem } from './problem.ts';

/** What a path answers to the methods that it does not serve: 405 with those it does, and to OPTIONS those alone. */
export function refuseMethod(methods: readonly Method[]): RequestHandler {
  const served = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const allow = [...new Set([...served, 'OPTIONS'])].join(', ');
  return function methodNotAllowed(req, res, next) {
    if (req.method === 'OPTIONS') res.status(204).set('Allow', allow).end();
    else next(new Problem('method-not-allowed', { detail: `Allowed: ${allow}.`, headers: { Allow: allow } }));
  };
}
