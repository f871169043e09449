import type { Lifecycle } from '../process/lifecycle.ts';
import type { Readiness } from '../process/readiness.ts';
import type { PlainRoute } from './route.ts';

interface HealthOptions {
  readonly lifecycle: Lifecycle;
  readonly readiness: Readiness;
}

/**
 * The probes of this worker. `/livez`: its event loop runs. `/readyz`: it accepts requests and the features'
 * dependencies are available. Liveness ignores those: restarting a worker does not bring a lost database back.
 */
export function createHealth({ lifecycle, readiness }: HealthOptions): PlainRoute[] {
  return [
    {
      path: '/livez',
      handler: function livez(_req, res) {
        res.set('Cache-Control', 'no-store').json({ status: 'alive' });
      },
    },
    {
      path: '/readyz',
      handler: async function readyz(_req, res) {
        res.set('Cache-Control', 'no-store');
        const failing = lifecycle.state === 'ready' ? await readiness.failing() : [];
        if (failing.length > 0) res.status(503).json({ status: 'unavailable', failing });
        else res.status(lifecycle.state === 'ready' ? 200 : 503).json({ status: lifecycle.state });
      },
    },
  ];
}
