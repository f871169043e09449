import type { Lifecycle } from '../process/lifecycle.ts';
import { Readiness } from '../process/readiness.ts';
import type { CreatedFeatures, Extra } from './feature.ts';

const probes = new Set(['/livez', '/readyz']);

/** Probes must be answered when all else is refused. */
export function isProbe(path: string): boolean {
  return probes.has(path);
}

interface HealthOptions {
  readonly lifecycle: Lifecycle;
  readonly created: readonly CreatedFeatures[];
}

/**
 * This worker's own view: `/livez` says that its event loop turns, `/readyz` that it wants requests and that what its
 * features depend on is there. Liveness asks nobody else: a worker is not made well by a restart where a database
 * is gone.
 *
 * @returns what is served at which path
 */
export function createHealth({ lifecycle, created }: HealthOptions): Extra[] {
  const readiness = new Readiness(
    Object.assign({}, ...created.map((set) => set.checks ?? {})) as NonNullable<CreatedFeatures['checks']>,
  );
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
