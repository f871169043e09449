/**
 * Calls a handler that leaks, then the same one repaired, and prints what was left of the requests each time. In a process
 * of its own: a heap snapshot covers all that a process holds, and pauses it.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';
import { HeapGraph, type ConstructorSize } from './heap-graph.ts';
import { handlers, RequestState, type Kind } from './handlers.ts';

export interface Growth {
  readonly heapGrewBytes: number;
  /** Request states that are still reachable. */
  readonly left: number;
  /** Those that were collected, as a FinalizationRegistry saw it. */
  readonly finalized: number;
  readonly grew: readonly ({ readonly constructor: string } & ConstructorSize)[];
  /** What holds the newest object that is left. */
  readonly path: readonly string[];
  /** The used heap after each fifth of the requests. */
  readonly heapBytes: readonly number[];
}

export interface LeakReport {
  readonly leaking: Growth;
  readonly repaired: Growth;
}

const SAMPLES = 5;
const TOP = 4;
const WARM_UP = 10;
/** Compiled code, and the cells of the FinalizationRegistry. */
const INTERNAL = ['(code)', '(hidden)'];

const [kind, count] = process.argv.slice(2) as [Kind, string];
const requests = Number(count);
let finalized = 0;
const witness = new FinalizationRegistry(() => {
  finalized += 1;
});
let nextId = 0;

const { leaking, repaired } = handlers[kind];
// The first snapshot and the first requests compile code, which would count as growth.
const { sizes } = await measure(leaking, WARM_UP, new Map());
const first = await measure(leaking, requests, sizes);
const second = await measure(repaired, requests, first.sizes);
const report: LeakReport = { leaking: first.growth, repaired: second.growth };
process.stdout.write(JSON.stringify(report), () => process.exit(0)); // the timers would keep it running

async function measure(
  handle: (state: RequestState) => void,
  calls: number,
  before: ReadonlyMap<string, ConstructorSize>,
): Promise<{ growth: Growth; sizes: ReadonlyMap<string, ConstructorSize> }> {
  await usedBytes(); // what the last snapshot left may need two collections
  const startBytes = await usedBytes();
  finalized = 0;
  const heapBytes: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    callHandler(handle, calls / SAMPLES);
    heapBytes.push(await usedBytes());
  }
  const graph = await HeapGraph.take();
  const now = graph.byConstructor();
  const growthOf = (constructor: string) => ({
    constructor,
    count: (now.get(constructor)?.count ?? 0) - (before.get(constructor)?.count ?? 0),
    bytes: (now.get(constructor)?.bytes ?? 0) - (before.get(constructor)?.bytes ?? 0),
  });
  const left = growthOf(RequestState.name).count;
  const growth = {
    heapGrewBytes: (heapBytes.at(-1) ?? startBytes) - startBytes,
    left,
    finalized,
    // What grows by less than about one per request is the noise of a running process.
    grew: [...now.keys()]
      .filter((constructor) => !INTERNAL.includes(constructor))
      .map(growthOf)
      .filter(({ count: grown }) => grown >= 0.9 * calls)
      .toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, TOP),
    path: left > 0 ? graph.pathTo(RequestState.name) : [],
    heapBytes: heapBytes.map((bytes) => bytes - startBytes),
  };
  return { growth, sizes: now };
}

/** A function of its own: none of its variables keeps a state reachable afterwards. */
function callHandler(handle: (state: RequestState) => void, calls: number): void {
  for (let call = 0; call < calls; call += 1) {
    const state = new RequestState((nextId += 1));
    witness.register(state, undefined);
    handle(state);
  }
}

async function usedBytes(): Promise<number> {
  await sleep(1); // a promise or a stack slot may hold the last state
  collectGarbage('major');
  await sleep(1); // finalization callbacks are tasks
  return getHeapStatistics().used_heap_size;
}
