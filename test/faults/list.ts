import { brokenStart, busyLoop, killedWorker, leak, startTimeout, uncaught } from './crash.ts';
import type { Fault } from './fault.ts';
import { noDescriptors, reloadBurst } from './floods.ts';
import { hardChildren, hungryThread, poolTasks, threadsAndChildren } from './heavy.ts'; // not in a copy
import { secretsInLog } from './log-injection.ts';
import { closedLog, stalledLog } from './logs.ts';
import { deadline, killedAll, killedWorkersChildren } from './orphans.ts'; // not in a copy
import { fiveTimes } from './overload.ts';
import { killedPrimary, pausedPrimary, processOne, silentWorker } from './primary.ts';
import { brokenReload, reloadUnderLoad, twoReloads } from './reload.ts';
import { slowReaders, slowSenders } from './slow-clients.ts';
import { badConfiguration, takenPort } from './start.ts';
import { starvedWorker } from './starved.ts';
import { endlessStream, goodbye, secondSignal, settleWindow, silentSockets, slowRequests } from './stop.ts';
import { malformedRequests, traversal } from './wrong-clients.ts';

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
  poolTasks, // not in a copy
  hungryThread, // not in a copy
  threadsAndChildren, // not in a copy
  hardChildren, // not in a copy
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
  killedWorkersChildren, // not in a copy
  killedPrimary,
  killedAll, // not in a copy
  deadline, // not in a copy
  pausedPrimary,
  silentWorker,
  processOne,
  stalledLog,
  closedLog,
  noDescriptors,
  reloadBurst,
  starvedWorker,
];
