/** The service with a feature whose metrics are broken: one throws, one never resolves, one reads a closed pool. */
import cluster from 'node:cluster';
import { Counter, Gauge } from '@prometheus-io/client';
import { readConfig } from '../../src/config/config.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { runPrimary } from '../../src/primary/primary.ts';
import type { FeatureSet } from '../../src/routes/feature.ts';
import { addGauge } from '../../src/telemetry/metrics.ts';
import { runWorker } from '../../src/worker/worker.ts';

const brokenMetrics: FeatureSet = {
  load: async () => ({
    create({ metrics: { registry } }) {
      const registers = [registry];
      addGauge(registry, 'probe_throwing', 'A figure of a database that is down.', () => {
        throw new Error('the database is down');
      });
      new Gauge({
        name: 'probe_hanging',
        help: 'A figure of a database that does not respond.',
        registers,
        collect: () => new Promise(() => undefined),
      });
      const pool = { size: 5, closed: false };
      addGauge(registry, 'probe_pool', 'A figure of a pool that is closed at shutdown.', () => {
        if (pool.closed) throw new Error('the pool is closed');
        return pool.size;
      });
      const jobs = new Counter({ name: 'probe_jobs_total', help: 'Completed jobs.', registers });
      jobs.inc(10);
      return {
        features: [],
        stop() {
          pool.closed = true;
          jobs.inc(1);
        },
      };
    },
  }),
};

const config = readConfig(readEnvironment());
await (cluster.isPrimary && config.WORKERS > 0
  ? runPrimary(config)
  : runWorker(config, { features: [brokenMetrics], resources: [] }));
