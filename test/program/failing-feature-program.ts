/** A service whose third feature fails to start after two were created, of which one takes long to stop. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config/config.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import type { FeatureModule } from '../../src/routes/feature.ts';
import { failToStart } from '../../src/supervision/start-failure.ts';
import { runWorker } from '../../src/worker/worker.ts';

const connected: FeatureModule = {
  async create({ log }) {
    await sleep(10);
    return { features: [], stop: () => log.info('pool closed') };
  },
};

const slowToStop: FeatureModule = {
  create: () => ({ features: [], stop: () => sleep(600_000) }),
};

const failing: FeatureModule = {
  async create({ log }) {
    await sleep(10);
    log.error('database connection failed');
    // The same code as for an unknown listen address, for which it must not be mistaken.
    const cause = new AggregateError([new Error('connect ECONNREFUSED ::1:5432')]);
    throw Object.assign(new Error('no database', { cause }), {
      code: 'ENOTFOUND',
      hostname: 'database.invalid',
    });
  },
};

const features = [connected, slowToStop, failing].map((module) => ({ load: async () => module }));
await runWorker(readConfig(readEnvironment()), { features, resources: [] }).catch(failToStart);
