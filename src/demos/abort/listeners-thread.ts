/** Serves requests that listen to a long-lived signal, in a heap of its own: a collection of that takes a few milliseconds. */
import { getEventListeners, getMaxListeners } from 'node:events';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';

export interface ListenersTask {
  readonly way: 'add' | 'remove' | 'any';
  readonly requests: number;
}

export interface ListenersReport {
  readonly listenersLeft: number;
  readonly requestsKept: number;
  readonly stopped: number;
  readonly warnsAbove: number;
}

/** What a request holds until it is done. */
interface Held {
  readonly body: Uint8Array;
  stopped: boolean;
}

/** Makes a request stop when `shutdown` aborts. @returns what the request does when it is done */
type Listen = (shutdown: AbortSignal, request: Held) => () => void;

const ways: Readonly<Record<ListenersTask['way'], Listen>> = {
  add(shutdown, request) {
    shutdown.addEventListener('abort', () => (request.stopped = true), { once: true });
    return () => undefined; // `once` removes the listener when the signal aborts, not when the request is done
  },
  remove(shutdown, request) {
    const stop = () => {
      request.stopped = true;
    };
    shutdown.addEventListener('abort', stop, { once: true });
    return () => shutdown.removeEventListener('abort', stop);
  },
  any(shutdown, request) {
    const client = new AbortController();
    const either = AbortSignal.any([shutdown, client.signal]);
    either.addEventListener('abort', () => (request.stopped = true), { once: true });
    return () => client.abort(); // the request is done: nothing refers to this signal any more
  },
};

/** Serves a request to its end. */
function serve(listen: Listen, shutdown: AbortSignal): WeakRef<Held> {
  const request: Held = { body: new Uint8Array(1000), stopped: false };
  const done = listen(shutdown, request);
  done();
  return new WeakRef(request);
}

/** A way that does not stop a running request would be of no use. */
function countStopped(listen: Listen, requests: number): number {
  const shutdown = new AbortController();
  const running = Array.from({ length: requests }, (): Held => ({ body: new Uint8Array(0), stopped: false }));
  const ends = running.map((request) => listen(shutdown.signal, request));
  shutdown.abort();
  const stopped = running.filter((request) => request.stopped).length;
  for (const end of ends) end();
  return stopped;
}

const { way, requests } = workerData as ListenersTask;
const shutdown = new AbortController();
const served = Array.from({ length: requests }, () => serve(ways[way], shutdown.signal));
const stopped = countStopped(ways[way], requests);
// A WeakRef keeps its object until the end of the iteration in which it was created.
await nextIteration();
collectGarbage('major');
const report: ListenersReport = {
  listenersLeft: getEventListeners(shutdown.signal, 'abort').length,
  requestsKept: served.filter((request) => request.deref() !== undefined).length,
  stopped,
  warnsAbove: getMaxListeners(shutdown.signal),
};
parentPort?.postMessage(report);
// Keeps the thread alive until its parent terminates it, so that the exit does not overtake the report.
parentPort?.ref();
