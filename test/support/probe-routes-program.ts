/** The service with the routes of `probe-features.ts` in place of its features. */
import cluster from 'node:cluster';
import { readConfig } from '../../src/config/config.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { runPrimary } from '../../src/primary/primary.ts';
import { runWorker } from '../../src/worker/worker.ts';
import { probeFeatures } from './probe-features.ts';

const config = readConfig(readEnvironment());
await (cluster.isPrimary && config.WORKERS > 0
  ? runPrimary(config)
  : runWorker(config, { features: [probeFeatures], resources: [] }));
