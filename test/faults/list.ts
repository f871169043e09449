import { malformedRequests, secretsInLog, slowReaders, slowSenders, traversal } from './clients.ts';
import { brokenStart, busyLoop, killedWorker, leak, startTimeout, uncaught } from './crash.ts';
import type { Fault } from './fault.ts';
import { hardChildren, hungryThread, poolTasks, threadsAndChildren } from './heavy.ts';
import { closedLog, stalledLog } from './logs.ts';
import { deadline, killedAll, killedPrimary, killedWorkersChildren } from './orphans.ts';
import { fiveTimes } from './overload.ts';
import { pausedPrimary, processOne, silentWorker } from './primary.ts';
import { brokenReload, reloadUnderLoad, twoReloads } from './reload.ts';
import { badConfiguration, takenPort } from './start.ts';
import { endlessStream, goodbye, secondSignal, settleWindow, silentSockets, slowRequests } from './stop.ts';

/** Every fault, in the order in which they are run. */
export const faults: readonly Fault[] = [
  reloadUnderLoad,
  brokenReload,
  slowRequests,
  endlessStream,
  silentSockets,
  settleWindow,
  secondSignal,
  killedWorker,
  uncaught,
  busyLoop,
  brokenStart,
  leak,
  takenPort,
  poolTasks,
  hungryThread,
  threadsAndChildren,
  hardChildren,
  fiveTimes,
  slowSenders,
  badConfiguration,
  malformedRequests,
  traversal,
  secretsInLog,
  twoReloads,
  goodbye,
  startTimeout,
  slowReaders,
  killedWorkersChildren,
  killedPrimary,
  killedAll,
  deadline,
  pausedPrimary,
  silentWorker,
  processOne,
  stalledLog,
  closedLog,
];
