/** The watchdog thread. It shares nothing with the event loop that it watches but memory that it reads. */
import { write } from 'node:fs';
import { Session } from 'node:inspector';
import process from 'node:process';
import { workerData } from 'node:worker_threads';
import { InFlightBoard } from '../../http/in-flight-board.ts';
import { readRunQueueWait } from '../../process/run-queue-wait.ts';
import { createTerminalFormat } from '../../telemetry/terminal-format.ts';
import type { WatchdogData } from './watchdog.ts';

const CHECK_INTERVAL_MS = 100;
/** A check this late means that the whole process or machine was suspended. */
const SUSPENDED_MS = 1_000;
/** Requests named in a report. The line must stay below the size of an atomic write to a pipe. */
const MAX_REQUESTS = 8;
const MAX_FRAMES = 6;
/** How many segments of a path are shown: enough to find the file. */
const PATH_SEGMENTS = 3;

const data = workerData as WatchdogData;
const board = new InFlightBoard(data.memory);
let beats = board.beats;
let beatAt = performance.now();
let checkedAt = beatAt;
let runQueueWaitMs = readRunQueueWait(process.pid) ?? 0;
let reported = false;
/** Ends the wait for a stack; undefined if no report waits for one. */
let abandonStack: (() => void) | undefined;
let orphanedAt: number | undefined;

setInterval(check, CHECK_INTERVAL_MS);

function check(): void {
  const now = performance.now();
  const suspended = now - checkedAt > SUSPENDED_MS;
  checkedAt = now;
  // Exclude CPU starvation: runnable, but not scheduled.
  const waitedMs = (readRunQueueWait(process.pid) ?? runQueueWaitMs) - runQueueWaitMs;
  runQueueWaitMs += waitedMs;
  beatAt = Math.min(now, beatAt + waitedMs);
  if (suspended || board.beats !== beats) {
    beats = board.beats;
    beatAt = now;
    reported = false;
  }
  const silentMs = now - beatAt;
  // First abandon an earlier report: however late the checks run, it has had at least one check interval to read the
  // stack.
  if (silentMs >= data.stackDeadlineMs) abandonStack?.();
  if (silentMs >= data.reportAfterMs && !reported && abandonStack === undefined) {
    reported = true;
    void report(silentMs);
  }
  if (data.parentPid !== undefined && process.ppid !== data.parentPid) killOrphan(now, silentMs);
}

/** Orphaned: a responsive worker stops by itself, a hung one is killed here. */
function killOrphan(now: number, silentMs: number): void {
  orphanedAt ??= now;
  if (silentMs < data.killAfterMs && now - orphanedAt < data.orphanGraceMs) return;
  process.kill(process.pid, 'SIGKILL');
}

async function report(silentMs: number): Promise<void> {
  if (!data.logEnabled) return;
  const requests = board.read();
  const stack = await readStack();
  const total = requests.length + board.unrecorded;
  const named = requests.slice(0, MAX_REQUESTS);
  const line = {
    level: 'error',
    time: new Date().toISOString(),
    ...data.base,
    event: 'event-loop-blocked',
    silentMs: Math.round(silentMs),
    requests: named,
    ...(total > named.length ? { requestsMore: total - named.length } : {}),
    ...(stack.length === 0 ? {} : { stack }),
    msg: `event loop blocked; ${total} requests in flight`,
  };
  // Not through the log of the blocked thread, and without waiting for a reader that may have stalled.
  const json = `${JSON.stringify(line)}\n`;
  write(1, data.terminal === undefined ? json : createTerminalFormat(data.terminal)(json), () => undefined);
}

/**
 * Reads the stack of the blocked thread through the inspector, which can interrupt JavaScript but not native code. The
 * interrupted thread needs a CPU to reply, so the wait uses the same clock as the report: CPU starvation does not count.
 */
function readStack(): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const session = new Session();
    const finish = (stack: readonly string[]) => {
      abandonStack = undefined;
      resolve(stack);
      session.disconnect();
    };
    abandonStack = () => finish([]);
    const files = new Map<string, string>();
    try {
      session.connectToMainThread();
      session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => void files.set(scriptId, url));
      session.on('Debugger.paused', ({ params: { callFrames } }) => {
        finish(
          callFrames.slice(0, MAX_FRAMES).map(({ functionName, location: { scriptId, lineNumber } }) => {
            const file = (files.get(scriptId) ?? '').split('/').slice(-PATH_SEGMENTS).join('/');
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
