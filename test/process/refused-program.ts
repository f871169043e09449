/** A service of which one feature says why it cannot be, and fails; and that has created others before. */
import { setTimeout as sleep } from 'node:timers/promises';
import { failToStart } from '../../src/cluster/start-failure.ts';
import { readEnvironment } from '../../src/config.ts';
import { readConfig } from '../../src/config/read.ts';
import type { FeatureModule } from '../../src/http/feature.ts';
import { runWorker } from '../../src/worker.ts';

const connected: FeatureModule = {
  async create({ log }) {
    await sleep(10);
    return { features: [], stop: () => log.info('the pool is closed') };
  },
};

const stuck: FeatureModule = {
  create: () => ({ features: [], stop: () => sleep(600_000) }),
};

const refused: FeatureModule = {
  async create({ log }) {
    await sleep(10);
    log.error('the database refuses us');
    // As a look-up of its host fails: not to be taken for that of the service's own address.
    throw Object.assign(new Error('no database'), { code: 'ENOTFOUND', hostname: 'database.invalid' });
  },
};

const sets = [connected, stuck, refused].map((module) => ({ variables: {}, load: async () => module }));
await runWorker(readConfig(readEnvironment()), sets).catch(failToStart);
