import type { RequestHandler } from 'express';
import { Problem } from './problem.ts';

/** What no layer and no route has answered. */
export function createNotFound(): RequestHandler {
  const problem = new Problem('not-found', { detail: 'GET / lists what is here.' }); // the same for each
  return function notFound(_req, _res, next) {
    next(problem);
  };
}
