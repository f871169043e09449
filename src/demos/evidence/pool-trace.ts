import { Session } from 'node:inspector/promises';

/** One task on one thread of libuv's pool, as Node.js itself traced it. */
export interface PoolRun {
  readonly thread: number;
  /** Milliseconds by the monotonic clock that `performance.timeOrigin` is not part of; subtract one from another. */
  readonly startMs: number;
  readonly endMs: number;
  readonly cpuMs: number;
  /** `crypto`, `zlib` and the like. */
  readonly kind: string;
}

interface TraceEvent {
  readonly tid: number;
  readonly ts: number;
  readonly tts: number;
  readonly ph: string;
  readonly cat: string;
  readonly name: string;
}

/**
 * Runs some work and tells what libuv's pool did meanwhile: JavaScript sees only when a task was asked for and when
 * its callback came, but Node.js can trace the threads themselves. File system calls are not traced.
 *
 * One trace can run at a time in a process; the caller sees to that.
 */
export async function tracePool<T>(
  work: () => Promise<T>,
): Promise<{ value: T; runs: PoolRun[]; startMs: number }> {
  const session = new Session();
  session.connect();
  const events: TraceEvent[] = [];
  session.on('NodeTracing.dataCollected', ({ params }) => {
    events.push(...(params.value as TraceEvent[]));
  });
  const complete = new Promise<void>((resolve) => {
    session.once('NodeTracing.tracingComplete', () => resolve());
  });
  await session.post('NodeTracing.start', {
    traceConfig: { includedCategories: ['node.threadpoolwork.sync'] },
  });
  try {
    const startMs = Number(process.hrtime.bigint()) / 1e6;
    const value = await work();
    await session.post('NodeTracing.stop');
    await complete;
    return { value, runs: toRuns(events), startMs };
  } finally {
    session.disconnect();
  }
}

/** Pairs the begin (`B`) and end (`E`) events of each thread: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
function toRuns(events: readonly TraceEvent[]): PoolRun[] {
  const open = new Map<number, TraceEvent>();
  const runs: PoolRun[] = [];
  const ordered = events.filter(({ cat }) => cat.includes('threadpoolwork.sync')).sort((a, b) => a.ts - b.ts);
  for (const event of ordered) {
    if (event.ph === 'B') open.set(event.tid, event);
    const begin = open.get(event.tid);
    if (event.ph !== 'E' || begin === undefined) continue;
    open.delete(event.tid);
    runs.push({
      thread: event.tid,
      startMs: begin.ts / 1000,
      endMs: event.ts / 1000,
      cpuMs: (event.tts - begin.tts) / 1000,
      kind: event.name,
    });
  }
  return runs;
}
