import type { Values } from '../config.ts';
import type { CreatedFeatures, FeatureDependencies } from '../http/feature.ts';
import { buffers } from './buffers/buffers.ts';
import { childProcesses } from './child-processes/child-processes.ts';
import { clusterDemo } from './cluster.ts';
import { compression } from './compression/compression.ts';
import { cpu } from './cpu.ts';
import { toFeature, type Demo } from './demo.ts';
import { createDemoIndex } from './demo-index.ts';
import { failures } from './failures/failures.ts';
import { http } from './http/http.ts';
import type { variables } from './settings.ts';
import { middleware } from './middleware/middleware.ts';
import { streams } from './streams/streams.ts';
import { threadPool } from './thread-pool.ts';
import { createTools } from './work/tools.ts';
import { workerThreads } from './worker-threads/worker-threads.ts';

/** Every demo, in the order of the catalogue. */
export const demos: readonly Demo[] = [
  threadPool,
  cpu,
  workerThreads,
  childProcesses,
  failures,
  buffers,
  streams,
  compression,
  http,
  middleware,
  clusterDemo,
];

/** Makes the demos' features, or none where they are switched off. */
export function create(dependencies: FeatureDependencies): CreatedFeatures {
  const { DEMOS, DANGER } = dependencies.config as FeatureDependencies['config'] & Values<typeof variables>;
  if (!DEMOS) return { features: [] };
  const tools = createTools(dependencies);
  const features = demos.map((demo) => toFeature(demo, tools, DANGER));
  return { features, extras: createDemoIndex(features, demos), stop: () => tools.stop() };
}
