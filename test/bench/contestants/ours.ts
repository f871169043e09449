/** This service as it is shipped, all layers on, with the bench's routes in the place of its features. */
import cluster from 'node:cluster';
import { runPrimary } from '../../../src/cluster/primary.ts';
import { readConfig, readEnvironment } from '../../../src/config.ts';
import { runWorker } from '../../../src/worker.ts';
import { benchSet } from './bench-feature.ts';

const config = readConfig(readEnvironment());
await (cluster.isPrimary && config.WORKERS > 0 ? runPrimary(config) : runWorker(config, [benchSet]));
