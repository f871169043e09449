import { configOf } from '../config/declare.ts';
import type { CreatedFeatures, FeatureDependencies } from '../routes/feature.ts';
import { abort } from './abort/abort.ts';
import { asyncContext } from './async-context/async-context.ts';
import { buffers } from './buffers/buffers.ts';
import { caching } from './caching/caching.ts';
import { childProcesses } from './child-processes/child-processes.ts';
import { clusterDemo } from './cluster/cluster.ts';
import { compression } from './compression/compression.ts';
import { cpu } from './cpu/cpu.ts';
import { database } from './database/database.ts';
import type { Demo } from './kit/demo.ts';
import { createDemoIndex } from './kit/demo-index.ts';
import { eventLoop } from './event-loop/event-loop.ts';
import { events } from './events/events.ts';
import { failures } from './failures/failures.ts';
import { http } from './http/http.ts';
import { http2 } from './http2/http2.ts';
import { language } from './language/language.ts';
import { memory } from './memory/memory.ts';
import { middleware } from './middleware/middleware.ts';
import { net } from './net/net.ts';
import { modules } from './modules/modules.ts';
import { myths } from './myths/myths.ts';
import { nonBlocking } from './non-blocking/non-blocking.ts';
import { processDemo } from './process/process.ts';
import { profiling } from './profiling/profiling.ts';
import { resilience } from './resilience/resilience.ts';
import { security } from './security/security.ts';
import { variables } from './variables.ts';
import { streams } from './streams/streams.ts';
import { threadPool } from './thread-pool/thread-pool.ts';
import { v8 } from './v8/v8.ts';
import { timers } from './timers/timers.ts';
import { tls } from './tls/tls.ts';
import { toFeatures } from './kit/to-feature.ts';
import { createDemoResources } from './kit/resources/resources.ts';
import { workerThreads } from './worker-threads/worker-threads.ts';

/** Every demo, in the order of the catalog. */
export const demos: readonly Demo[] = [
  events,
  nonBlocking,
  asyncContext,
  abort,
  eventLoop,
  timers,
  threadPool,
  cpu,
  workerThreads,
  childProcesses,
  processDemo,
  failures,
  buffers,
  streams,
  compression,
  net,
  tls,
  http,
  http2,
  middleware,
  security,
  caching,
  resilience,
  database,
  clusterDemo,
  v8,
  memory,
  profiling,
  modules,
  language,
  myths,
];

/** Makes the demos' features, or none if they are switched off. */
export function create(dependencies: FeatureDependencies): CreatedFeatures {
  const { DEMOS, DANGER } = configOf(variables, dependencies.config);
  if (!DEMOS) return { features: [] };
  const resources = createDemoResources(dependencies);
  const features = toFeatures(demos, resources, DANGER);
  return { features, plainRoutes: createDemoIndex(features), stop: () => resources.stop() };
}
