/** The watchdog's thread: it shares nothing with the event loop it watches but memory that is read. */
import { write } from 'node:fs';
import { Session } from 'node:inspector';
import process from 'node:process';
import { workerData } from 'node:worker_threads';
import { readCoreWait } from './core-wait.ts';
import { RequestBoard } from './request-board.ts';
import type { WatchdogOrders } from './watchdog.ts';

const LOOK_EVERY_MS = 100;
/** A look this late means that the whole process, or the machine, was paused: nobody was silent. */
const PAUSED_AFTER_MS = 1_000;
/** Requests that are named. The line must stay below the size up to which a write to a pipe is whole. */
const NAMED = 8;
const FRAMES = 6;
/** Parts of a path that are shown: enough to find the file, and short. */
const FOLDERS = 3;

const orders = workerData as WatchdogOrders;
const board = new RequestBoard(orders.memory);
let beats = board.beats;
let beatAt = performance.now();
let lookedAt = beatAt;
let coreWaitMs = readCoreWait(process.pid) ?? 0;
let reported = false;
/** Ends the waiting for a stack; undefined where nobody waits for one. */
let goWithoutStack: (() => void) | undefined;
let orphanedAt: number | undefined;

setInterval(look, LOOK_EVERY_MS);

function look(): void {
  const now = performance.now();
  const paused = now - lookedAt > PAUSED_AFTER_MS;
  lookedAt = now;
  // The time in which it was ready to run and got no core is nothing that it could answer for.
  const waitedMs = (readCoreWait(process.pid) ?? coreWaitMs) - coreWaitMs;
  coreWaitMs += waitedMs;
  beatAt = Math.min(now, beatAt + waitedMs);
  if (paused || board.beats !== beats) {
    beats = board.beats;
    beatAt = now;
    reported = false;
  }
  const silentMs = now - beatAt;
  // Before a new report asks: whoever was asked has had the time from one look to the next, however late they come.
  if (silentMs >= orders.stackUntilMs) goWithoutStack?.();
  if (silentMs >= orders.reportAfterMs && !reported && goWithoutStack === undefined) {
    reported = true;
    void report(silentMs);
  }
  if (orders.parent !== undefined && process.ppid !== orders.parent) endOrphan(now, silentMs);
}

/** The primary is gone: a worker that still turns ends by itself, any other is ended here. */
function endOrphan(now: number, silentMs: number): void {
  orphanedAt ??= now;
  if (silentMs < orders.killAfterMs && now - orphanedAt < orders.endWithinMs) return;
  process.kill(process.pid, 'SIGKILL');
}

async function report(silentMs: number): Promise<void> {
  if (!orders.mayLog) return;
  const requests = board.read();
  const stack = await readStack();
  const line = {
    level: 'error',
    time: new Date().toISOString(),
    ...orders.base,
    event: 'event-loop-silent',
    silentMs: Math.round(silentMs),
    requests: requests.slice(0, NAMED),
    ...(requests.length > NAMED || board.unrecorded > 0
      ? { requestsMore: requests.length - Math.min(NAMED, requests.length) + board.unrecorded }
      : {}),
    ...(stack.length === 0 ? {} : { stack }),
    msg: `the event loop is silent; it was serving ${requests.length + board.unrecorded} requests`,
  };
  // Not through the log of the thread that hangs, and without waiting for a reader that may have stalled.
  write(1, `${JSON.stringify(line)}\n`, () => undefined);
}

/**
 * Where the event loop hangs, by the inspector, which can interrupt JavaScript but nothing that waits in C++. An
 * interrupted thread needs a core to tell; so this waits as long as the thread may be silent, by the same clock, on
 * which the time without a core does not count.
 */
function readStack(): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const session = new Session();
    const finish = (stack: readonly string[]) => {
      goWithoutStack = undefined;
      resolve(stack);
      session.disconnect();
    };
    goWithoutStack = () => finish([]);
    const files = new Map<string, string>();
    try {
      session.connectToMainThread();
      session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => void files.set(scriptId, url));
      session.on('Debugger.paused', ({ params: { callFrames } }) => {
        finish(
          callFrames.slice(0, FRAMES).map(({ functionName, location: { scriptId, lineNumber } }) => {
            const file = (files.get(scriptId) ?? '').split('/').slice(-FOLDERS).join('/');
            return `${functionName || 'anonymous'} (${file}:${lineNumber + 1})`;
          }),
        );
      });
      session.post('Debugger.enable');
      session.post('Debugger.pause');
    } catch {
      finish([]);
    }
  });
}
