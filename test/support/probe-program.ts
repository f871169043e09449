/** This service as it is, with routes for tests in the place of its features. */
import cluster from 'node:cluster';
import { runPrimary } from '../../src/cluster/primary.ts';
import { readEnvironment } from '../../src/config.ts';
import { readConfig } from '../../src/config/read.ts';
import { runWorker } from '../../src/worker.ts';
import { probeFeatures } from './probe-features.ts';

const config = readConfig(readEnvironment());
await (cluster.isPrimary && config.WORKERS > 0 ? runPrimary(config) : runWorker(config, [probeFeatures]));
