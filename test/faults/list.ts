import type { Fault } from './fault.ts';
import { brokenReload, reloadUnderLoad, twoReloads } from './reload.ts';
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
  twoReloads,
  goodbye,
];
