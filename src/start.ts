/** Reads the configuration once, then becomes the primary or a worker. */
import cluster from 'node:cluster';
import { flushCompileCache } from 'node:module';
import { readConfig } from './config/config.ts';
import type { Config } from './config/core-variables.ts';
import { provideEnvironment, readEnvironment } from './config/environment.ts';
import { featureVariables } from './features.ts';
import { resourceSets, resourceVariables } from './resources.ts';
import { LocalServices } from './supervision/local-services.ts';
import { failToStart } from './supervision/start-failure.ts';

try {
  const localServices = new LocalServices();
  let config = readServiceConfig();
  if (cluster.isPrimary) {
    provideEnvironment(await localServices.start(resourceSets, config));
    config = readServiceConfig();
  }
  if (cluster.isPrimary && config.WORKERS > 0) {
    // Each role loads only its own modules: what breaks a worker must not break the primary.
    const { runPrimary } = await import('./primary/primary.ts');
    await runPrimary(config, localServices);
  } else {
    const { runWorker } = await import('./worker/worker.ts');
    await runWorker(config, { localServices });
  }
  // Now, so that processes started after this one is killed find the cache, too.
  flushCompileCache();
} catch (error) {
  failToStart(error);
}

function readServiceConfig(): Config {
  return readConfig(readEnvironment(), { ...resourceVariables, ...featureVariables });
}
