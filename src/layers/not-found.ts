import type { RequestHandler } from 'express';
import { Problem } from '../http/problem.ts';

/** Responds 404 to what no layer and no route has handled. */
export function createNotFound(): RequestHandler {
  const problem = new Problem('not-found', { detail: 'See GET / for all routes.' }); // one for all requests
  return function notFound(_req, _res, next) {
    next(problem);
  };
}
