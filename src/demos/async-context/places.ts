/** Code that keeps the callback of a request and runs it later. */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Place {
  readonly name: string;
  /** What runs the callbacks. */
  readonly runBy: string;
  /** Takes the callback of one request. The last request of a run may cause those of all others to run. */
  keep(callback: () => void, isLast: boolean): void;
  /** Releases what it holds. */
  stop?(): void;
}

/** Each run has its own places. The first four are created by no request, as modules of a service are. */
export function createPlaces(): Place[] {
  return [
    createPoller(),
    createEmitter(),
    createPool(),
    createBatch(),
    awaits,
    createSharedPromise(),
    timers,
  ];
}

/** Starts with the service, and looks for work at an interval. */
function createPoller(): Place {
  const callbacks: (() => void)[] = [];
  const timer = setInterval(() => callbacks.splice(0).forEach((callback) => callback()), 1);
  return {
    name: 'poller',
    runBy: 'an interval that started before any request',
    keep: (callback) => void callbacks.push(callback),
    stop: () => clearInterval(timer),
  };
}

function createEmitter(): Place {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    name: 'emitter',
    runBy: 'the request that emits',
    keep(callback, isLast) {
      emitter.once('ready', callback);
      if (isLast) emitter.emit('ready');
    },
  };
}

/** A pool with one connection: the request that releases it runs the callback of the next one. */
function createPool(): Place {
  const waiting: (() => void)[] = [];
  let busy = false;
  const use = (callback: () => void) => {
    setImmediate(() => {
      callback();
      const next = waiting.shift();
      if (next === undefined) busy = false;
      else use(next);
    });
  };
  return {
    name: 'pool',
    runBy: 'the request that releases the connection',
    keep(callback) {
      if (busy) waiting.push(callback);
      else use(callback);
      busy = true;
    },
  };
}

function createBatch(): Place {
  const callbacks: (() => void)[] = [];
  return {
    name: 'batch',
    runBy: 'a timer of the first request',
    keep(callback) {
      callbacks.push(callback);
      if (callbacks.length === 1) setTimeout(() => callbacks.splice(0).forEach((each) => each()), 1);
    },
  };
}

const awaits: Place = {
  name: 'await',
  runBy: 'the request itself',
  keep: (callback) => void sleep(1).then(callback),
};

/** As in a cache that loads each value once: all requests await the promise of the first one. */
function createSharedPromise(): Place {
  let loading: Promise<void> | undefined;
  return {
    name: 'shared promise',
    runBy: 'the request itself',
    keep(callback) {
      loading ??= sleep(1);
      void loading.then(callback);
    },
  };
}

const timers: Place = {
  name: 'setTimeout',
  runBy: 'the request itself',
  keep: (callback) => void setTimeout(callback, 1),
};
