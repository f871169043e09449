import { breakpoint } from './runs/breakpoint.ts';
import { busyDrain } from './runs/busy-drain.ts';
import { busyLoop, killedWorker, uncaughtErrors } from './runs/crash.ts';
import { databaseFaults } from './runs/database.ts';
import { silentDependency } from './runs/dependency.ts';
import { managementFlood, outOfDescriptors } from './runs/descriptors.ts';
import type { Fault } from './fault.ts';
import { poolOverload, stubbornChildren, threadOutOfMemory, threadsAndChildren } from './runs/heavy.ts'; // template: omit
import { lateBodies } from './runs/late-bodies.ts';
import { logInjection } from './runs/log-injection.ts';
import { closedOrFullLog, stalledAfterExit, stalledLog } from './runs/logs.ts';
import { malformedRequests, pathTraversal } from './runs/malformed.ts';
import { orphansOfAll, orphansOfShutdown, orphansOfWorker } from './runs/orphans.ts'; // template: omit
import { overload } from './runs/overload.ts';
import { bufferLeak, leak } from './runs/memory.ts';
import { pipelinesDuringReloads, unreadPipelines } from './runs/pipelines.ts';
import { failedPrimary, orphansOfPrimary, suspendedPrimary, unresponsiveWorker } from './runs/primary.ts';
import { processOne } from './runs/process-one.ts';
import { brokenReload, queuedReloads, releaseSwitch, reloadBurst, reloadUnderLoad } from './runs/reload.ts';
import {
  endlessResponse,
  eventStreams,
  idleSockets,
  inFlightRequests,
  settleWindow,
  twice,
} from './runs/shutdown.ts';
import { slowloris, slowReaders } from './runs/slow-clients.ts';
import { failingStreams } from './runs/streams.ts';
import { badConfig, crashLoop, portInUse, startTimeout } from './runs/start.ts';
import { starvedWorker } from './runs/starved.ts';

/** Every fault, in the order in which they run. */
export const faults: readonly Fault[] = [
  reloadUnderLoad,
  brokenReload,
  queuedReloads,
  reloadBurst,
  releaseSwitch,
  busyDrain,
  pipelinesDuringReloads,
  inFlightRequests,
  endlessResponse,
  eventStreams,
  idleSockets,
  settleWindow,
  twice,
  killedWorker,
  uncaughtErrors,
  busyLoop,
  starvedWorker,
  breakpoint,
  leak,
  bufferLeak,
  portInUse,
  badConfig,
  crashLoop,
  startTimeout,
  failedPrimary,
  suspendedPrimary,
  unresponsiveWorker,
  orphansOfPrimary,
  orphansOfWorker, // template: omit
  orphansOfAll, // template: omit
  orphansOfShutdown, // template: omit
  processOne,
  overload,
  lateBodies,
  silentDependency,
  failingStreams,
  poolOverload, // template: omit
  threadsAndChildren, // template: omit
  threadOutOfMemory, // template: omit
  stubbornChildren, // template: omit
  outOfDescriptors,
  managementFlood,
  slowloris,
  slowReaders,
  unreadPipelines,
  malformedRequests,
  pathTraversal,
  logInjection,
  stalledLog,
  ...stalledAfterExit,
  closedOrFullLog,
  ...databaseFaults,
];
