import { Session } from 'node:inspector/promises';
import { monotonicMs } from './monotonic.ts';

/** One task on one thread of libuv's pool, from the trace events of Node.js. */
export interface PoolRun {
  readonly thread: number;
  /** By the clock of `monotonicMs()`. */
  readonly startMs: number;
  readonly endMs: number;
  readonly cpuMs: number;
  /** The name of the trace event, such as `crypto` or `zlib`. */
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
 * Traces the threads of libuv's pool while `work` runs. JavaScript itself sees only when a task was queued and when its
 * callback ran. File system calls are not traced.
 *
 * A process can run one trace at a time; the caller ensures that.
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
    const startMs = monotonicMs();
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
  const begins = new Map<number, TraceEvent>();
  const runs: PoolRun[] = [];
  const ordered = events.filter(({ cat }) => cat.includes('threadpoolwork.sync')).sort((a, b) => a.ts - b.ts);
  for (const event of ordered) {
    if (event.ph === 'B') begins.set(event.tid, event);
    const begin = begins.get(event.tid);
    if (event.ph !== 'E' || begin === undefined) continue;
    begins.delete(event.tid);
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
