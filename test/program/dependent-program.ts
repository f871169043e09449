/** A service whose only feature depends on the file READY_FILE. */
import { access } from 'node:fs/promises';
import cluster from 'node:cluster';
import process from 'node:process';
import { readConfig } from '../../src/config/config.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { runPrimary } from '../../src/primary/primary.ts';
import type { FeatureModule } from '../../src/routes/feature.ts';
import { runWorker } from '../../src/worker/worker.ts';

const dependent: FeatureModule = {
  create: () => ({ features: [], checks: { file: () => access(process.env['READY_FILE'] ?? '') } }),
};

const config = readConfig(readEnvironment());
await (cluster.isPrimary && config.WORKERS > 0
  ? runPrimary(config)
  : runWorker(config, { features: [{ load: async () => dependent }], resources: [] }));
