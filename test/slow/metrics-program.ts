/** The service with a feature whose metrics do what they should not: they throw, hang, read what is closed. */
import cluster from 'node:cluster';
import { Counter, Gauge } from '@prometheus-io/client';
import { runPrimary } from '../../src/cluster/primary.ts';
import { readEnvironment } from '../../src/config.ts';
import { readConfig } from '../../src/config/read.ts';
import type { FeatureSet } from '../../src/http/feature.ts';
import { addGauge } from '../../src/process/metrics.ts';
import { runWorker } from '../../src/worker.ts';

const measured: FeatureSet = {
  variables: {},
  load: async () => ({
    create({ metrics: { registry } }) {
      const registers = [registry];
      addGauge(registry, 'probe_away', 'Of a database that is away.', () => {
        throw new Error('the database is away');
      });
      new Gauge({
        name: 'probe_hanging',
        help: 'Of a database that does not answer.',
        registers,
        collect: () => new Promise(() => undefined),
      });
      const pool = { size: 5, closed: false };
      addGauge(registry, 'probe_pool', 'Of what is closed by the stop.', () => {
        if (pool.closed) throw new Error('the pool is closed');
        return pool.size;
      });
      const jobs = new Counter({ name: 'probe_jobs_total', help: 'Jobs done.', registers });
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
await (cluster.isPrimary && config.WORKERS > 0 ? runPrimary(config) : runWorker(config, [measured]));
