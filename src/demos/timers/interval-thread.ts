/** Runs a handler repeatedly, in one of four ways, and blocks the event loop once. A thread has a loop of its own. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep, setInterval as iterateTicks } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

export interface IntervalTask {
  readonly way: 'interval' | 'chained' | 'anchored' | 'iterated';
  readonly everyMs: number;
  /** Ticks before the event loop is blocked, which the last of them does. */
  readonly ticks: number;
  /** How long the handler of a tick waits. */
  readonly workMs: number;
  readonly blockMs: number;
  /** Ticks after that. */
  readonly ticksAfter: number;
}

export interface Tick {
  /** The tick was due at this multiple of `everyMs`. */
  readonly slot: number;
  /** Milliseconds since the first timer was started, as are all times here. */
  readonly atMs: number;
  /** When its handler was done. */
  endMs: number;
}

export interface IntervalReport {
  /** Start of the first timer in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly ticks: readonly Tick[];
  /** The most handlers at one time, before the event loop was blocked. */
  readonly maxAtOnce: number;
  readonly blocked: { readonly startMs: number; readonly endMs: number };
}

const task = workerData as IntervalTask;
const { everyMs } = task;
const total = task.ticks + task.ticksAfter;
const startMs = performance.now();
const sinceStart = () => performance.now() - startMs;
const ticks: Tick[] = [];
const blocked = { startMs: 0, endMs: 0 };
let atOnce = 0;
let maxAtOnce = 0;
const done = Promise.withResolvers<undefined>();

/** Handles a tick; the first ones only, if more are due. */
async function onTick(slot = ticks.length + 1): Promise<void> {
  if (ticks.length === total) return;
  const tick = { slot, atMs: sinceStart(), endMs: 0 };
  ticks.push(tick);
  atOnce += 1;
  if (ticks.length <= task.ticks) maxAtOnce = Math.max(maxAtOnce, atOnce);
  if (ticks.length === task.ticks) block();
  if (task.workMs > 0) await sleep(task.workMs);
  atOnce -= 1;
  tick.endMs = sinceStart();
  if (ticks.length === total && atOnce === 0) done.resolve(undefined);
}

function block(): void {
  blocked.startMs = sinceStart();
  while (sinceStart() < blocked.startMs + task.blockMs);
  blocked.endMs = sinceStart();
}

const running = () => ticks.length < total;

const starts: Readonly<Record<IntervalTask['way'], () => void>> = {
  interval() {
    // The interval does not know that the handler is asynchronous.
    const timer = setInterval(() => {
      if (running()) void onTick();
      else clearInterval(timer);
    }, everyMs);
  },
  chained() {
    const again = async () => {
      await onTick();
      if (running()) setTimeout(() => void again(), everyMs);
    };
    setTimeout(() => void again(), everyMs);
  },
  anchored() {
    let slot = 0;
    const schedule = () => {
      // The next point of the clock. A timer may fire a fraction of a millisecond early: it must not get its slot again.
      slot = Math.max(slot + 1, Math.ceil(sinceStart() / everyMs));
      setTimeout(() => void handle(), Math.ceil(slot * everyMs - sinceStart()));
    };
    const handle = async () => {
      await onTick(slot);
      if (running()) schedule();
    };
    schedule();
  },
  iterated: () => void iterate(),
};

async function iterate(): Promise<void> {
  for await (const _ of iterateTicks(everyMs)) {
    await onTick();
    if (!running()) break; // which clears the interval
  }
}

starts[task.way]();
await done.promise;
const report: IntervalReport = { startedAt: performance.timeOrigin + startMs, ticks, maxAtOnce, blocked };
parentPort?.postMessage(report);
// Keeps the thread alive until its parent terminates it, so that the exit does not overtake the report.
parentPort?.ref();
