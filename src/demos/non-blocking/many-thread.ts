/**
 * Calls a dependency once per item, in one of four ways. A thread has its own process object: rejections that stay
 * unhandled here do not end the service.
 */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { mapInLanes } from '../kit/resources/lanes.ts';
import { LimitedDependency } from './limited-dependency.ts';

export interface ManyTask {
  readonly way: 'forEach' | 'all' | 'limited' | 'sequential';
  readonly calls: number;
  readonly callMs: number;
  /** Calls at once if the way is `limited`. */
  readonly limit: number;
}

export interface ManyReport {
  /** What the function that makes all calls returned. */
  readonly outcome: string;
  readonly returnedMs: number;
  /** Calls that were served or refused when it returned. */
  readonly finishedAtReturn: number;
  readonly settledMs: number;
  readonly served: number;
  readonly refused: number;
  readonly unhandledRejections: number;
  readonly maxAtOnce: number;
  /** Some of the calls. Times are in milliseconds since the epoch. */
  readonly spans: readonly { call: number; outcome: string; startedAt: number; endedAt: number }[];
}

/** Of the first calls and of the last ones. */
const SPANS = 10;

const { way, calls, callMs, limit } = workerData as ManyTask;
const dependency = new LimitedDependency(callMs);
const items = Array.from({ length: calls }, (_, index) => index + 1);
const spans: ManyReport['spans'][number][] = [];

async function call(item: number): Promise<number> {
  const startedAt = performance.timeOrigin + performance.now();
  let outcome = 'refused';
  try {
    await dependency.call();
    outcome = 'served';
    return item;
  } finally {
    const endedAt = performance.timeOrigin + performance.now();
    if (item <= SPANS || item > calls - SPANS) spans.push({ call: item, outcome, startedAt, endedAt });
  }
}

const callAll: Readonly<Record<ManyTask['way'], () => Promise<unknown> | undefined>> = {
  forEach() {
    // As forEach with an async function does: nothing keeps the promises.
    items.forEach((item) => void call(item));
    return undefined;
  },
  all: () => Promise.all(items.map(call)),
  limited: () => mapInLanes(items, limit, call),
  async sequential() {
    const results = [];
    for (const item of items) results.push(await call(item));
    return results;
  },
};

let unhandledRejections = 0;
process.on('unhandledRejection', () => (unhandledRejections += 1));

const startMs = performance.now();
let outcome: string;
try {
  const results = await callAll[way]();
  outcome = Array.isArray(results) ? `${results.length} results` : 'undefined';
} catch (error) {
  outcome = `rejected: ${(error as Error).message}`;
}
const returnedMs = performance.now() - startMs;
const finishedAtReturn = dependency.served + dependency.refused;
while (dependency.pending > 0) await sleep(1);
const report: ManyReport = {
  outcome,
  returnedMs,
  finishedAtReturn,
  settledMs: performance.now() - startMs,
  served: dependency.served,
  refused: dependency.refused,
  unhandledRejections,
  maxAtOnce: dependency.maxPending,
  spans,
};
parentPort?.postMessage(report);
// Keeps the thread alive until its parent terminates it, so that the exit does not overtake the report.
parentPort?.ref();
