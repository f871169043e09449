import type { RequestHandler } from 'express';
import { Problem } from './problem.ts';

/** What no layer and no route has answered. */
export function createNotFound(): RequestHandler {
  return function notFound(_req, _res, next) {
    next(new Problem('not-found', { detail: 'GET / lists what is here.' }));
  };
}
