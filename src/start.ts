/** The start: reads the configuration once and becomes the primary or a worker. */
import cluster from 'node:cluster';
import { flushCompileCache } from 'node:module';
import { failToStart } from './cluster/start-failure.ts';
import { readEnvironment } from './config.ts';
import { readConfig } from './config/read.ts';
import { featureVariables } from './features.ts';

try {
  const config = readConfig(readEnvironment(), featureVariables);
  if (cluster.isPrimary && config.WORKERS > 0) {
    // Each side loads only its own modules: what breaks in a worker must not be able to break the primary.
    const { runPrimary } = await import('./cluster/primary.ts');
    await runPrimary(config);
  } else {
    const { runWorker } = await import('./worker.ts');
    await runWorker(config);
  }
  // Also for those that start after a process that is killed.
  flushCompileCache();
} catch (error) {
  failToStart(error);
}
