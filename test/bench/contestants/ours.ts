/** This service as it is shipped, all layers on, with the bench's routes in the place of its features. */
import cluster from 'node:cluster';
import { keepCompiled } from '../../../src/process/compile-cache.ts';

keepCompiled();
const { readEnvironment } = await import('../../../src/config.ts');
const { readConfig } = await import('../../../src/config/read.ts');
const config = readConfig(readEnvironment());
if (cluster.isPrimary && config.WORKERS > 0) {
  const { runPrimary } = await import('../../../src/cluster/primary.ts');
  await runPrimary(config);
} else {
  const { runWorker } = await import('../../../src/worker.ts');
  const { benchSet } = await import('./bench-feature.ts');
  await runWorker(config, [benchSet]);
}
