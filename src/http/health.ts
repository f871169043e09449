import { Router } from 'express';
import type { Lifecycle } from '../process/lifecycle.ts';

const probes = new Set(['/livez', '/readyz']);

/** Probes must be answered when all else is refused. */
export function isProbe(path: string): boolean {
  return probes.has(path);
}

/** This worker's own view: `/livez` says that its event loop turns, `/readyz` that it wants requests. */
export function createHealth({ lifecycle }: { readonly lifecycle: Lifecycle }): Router {
  const router = Router();
  router.get('/livez', (_req, res) => {
    res.locals.route = '/livez';
    res.set('Cache-Control', 'no-store').json({ status: 'alive' });
  });
  router.get('/readyz', (_req, res) => {
    res.locals.route = '/readyz';
    res
      .status(lifecycle.state === 'ready' ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({ status: lifecycle.state });
  });
  return router;
}
