/**
 * A router with the kinds of layers that a successful request does not meet in this app: a built-in one, one that fails,
 * and an error handler that recovers.
 */
import express, { Router } from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';

const recoveredErrors = new WeakMap<Request, string>();

const stack = Router();
stack.use(express.json({ limit: '1kb' }));
stack.use(function failOnPurpose(_req, _res, next) {
  next(new Error('a layer failed on purpose'));
} satisfies RequestHandler);
stack.use(function neverReached(_req, _res, next) {
  next(); // an error is pending: the router skips layers with fewer than four parameters
} satisfies RequestHandler);
// Express recognizes an error handler by its four parameters.
stack.use(function recover(error: Error, req: Request, _res: Response, next) {
  recoveredErrors.set(req, error.message);
  next();
} satisfies ErrorRequestHandler);
stack.use(function afterRecovery(_req, _res, next) {
  next();
} satisfies RequestHandler);

export const stackLayers = stack.stack.map(({ name }) => name);

/**
 * Sends a request through the router.
 *
 * @returns the message of the error that `recover` received, if any; rejects with an error that nothing handled
 */
export function passStack(req: Request, res: Response): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    void stack(req, res, (error?: unknown) => {
      if (error === undefined || error === null) resolve(recoveredErrors.get(req));
      else reject(error instanceof Error ? error : new Error('a layer passed on a non-Error value'));
    });
  });
}
