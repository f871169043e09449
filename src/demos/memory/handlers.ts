/** Request handlers that keep the state of each request in one of the usual ways, and the same handlers repaired. */
import { EventEmitter } from 'node:events';

/** What a handler needs while it handles a request. */
export class RequestState {
  readonly id: number;
  /** A kilobyte. */
  readonly values: number[];

  constructor(id: number) {
    this.id = id;
    this.values = new Array<number>(128).fill(id + 0.5);
  }
}

type Handler = (state: RequestState) => void;

export const kinds = ['closure', 'listener', 'timer', 'cache', 'none'] as const;
export type Kind = (typeof kinds)[number];

interface Handlers {
  readonly leaking: Handler;
  readonly repaired: Handler;
  /** The repair, for the lesson. */
  readonly repair: string;
}

/** Longer than the process lives. */
const LONG_MS = 60_000;
const MAX_CACHED = 50;

const shutdownHooks = new Set<() => void>();
const bus = new EventEmitter();
// Node.js warns from 11 listeners on. This bus has a thousand, as after the warning was silenced.
bus.setMaxListeners(0);
const unboundedCache = new Map<number, RequestState>();
const boundedCache = new Map<number, RequestState>();

export const handlers: Readonly<Record<Kind, Handlers>> = {
  closure: {
    leaking(state) {
      shutdownHooks.add(() => use(state));
    },
    repaired(state) {
      const hook = () => use(state);
      shutdownHooks.add(hook);
      shutdownHooks.delete(hook);
    },
    repair: 'the request removed its callback when it ended',
  },
  listener: {
    leaking(state) {
      bus.on('change', () => use(state));
    },
    repaired(state) {
      const listener = () => use(state);
      bus.on('change', listener);
      bus.off('change', listener);
    },
    repair: 'the request removed its listener with off()',
  },
  timer: {
    leaking(state) {
      setInterval(() => use(state), LONG_MS);
    },
    repaired(state) {
      clearInterval(setInterval(() => use(state), LONG_MS));
    },
    repair: 'the request cleared its timer',
  },
  cache: {
    leaking(state) {
      unboundedCache.set(state.id, state);
    },
    repaired(state) {
      boundedCache.set(state.id, state);
      const [oldest] = boundedCache.keys();
      if (boundedCache.size > MAX_CACHED && oldest !== undefined) boundedCache.delete(oldest);
    },
    repair: `the cache evicted the oldest of more than ${MAX_CACHED} entries`,
  },
  none: { leaking: use, repaired: use, repair: 'the handler already kept nothing' },
};

function use(state: RequestState): void {
  state.values.reverse();
}
