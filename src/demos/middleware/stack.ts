import express, {
  Router,
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';

/** What the layers of the stack do to a request. */
export interface StackNotes {
  recovered: string | undefined;
}

/**
 * A small router with a layer of each kind that the app's own layers do not show to a request that succeeds: one of
 * Express's built-in layers, a router's layer that fails, and the error layer that recovers.
 */
export function createStack(notes: WeakMap<Request, StackNotes>): Router {
  const stack = Router();
  stack.use(express.json({ limit: '1kb' }));
  stack.use(function failOnPurpose(_req, _res, next) {
    next(new Error('a layer failed on purpose'));
  } satisfies RequestHandler);
  stack.use(function neverReached(_req, _res, next) {
    next(); // an error is pending: the router passes over every layer with fewer than four parameters
  } satisfies RequestHandler);
  // Express tells an error layer from others by its four parameters.
  stack.use(function recover(error: Error, req: Request, _res: Response, next) {
    notes.set(req, { recovered: error.message });
    next();
  } satisfies ErrorRequestHandler);
  stack.use(function afterRecovery(_req, _res, next) {
    next();
  } satisfies RequestHandler);
  return stack;
}

/** Sends a request through a router; resolves when it comes out behind, rejects with what it comes out with. */
export function passThrough(router: Router, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void router(req, res, (error?: unknown) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error('a layer passed on something that is no Error'));
    });
  });
}
