/** This service with all layers. Its features are the routes of the benchmark; with `DATABASE_URL`, the tasks. */
import cluster from 'node:cluster';
import { enableServiceCompileCache } from '../../../src/process/compile-cache.ts';

enableServiceCompileCache();
const { readEnvironment } = await import('../../../src/config/environment.ts');
const { readConfig } = await import('../../../src/config/config.ts');
const { resourceSets, resourceVariables } = await import('../../../src/resources.ts');
const { variables: taskVariables } = await import('../../../src/tasks/variables.ts');
const environment = readEnvironment();
const withDatabase = environment['DATABASE_URL'] !== undefined;
const config = readConfig(environment, withDatabase ? { ...resourceVariables, ...taskVariables } : {});
if (cluster.isPrimary && config.WORKERS > 0) {
  const { runPrimary } = await import('../../../src/primary/primary.ts');
  await runPrimary(config);
} else {
  const { runWorker } = await import('../../../src/worker/worker.ts');
  const { benchSet } = await import('./bench-feature.ts');
  const options = withDatabase
    ? { features: [{ load: () => import('../../../src/tasks/create.ts') }], resources: resourceSets }
    : { features: [benchSet], resources: [] };
  await runWorker(config, options);
}
