import { constants, performance, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextIteration } from 'node:timers/promises';

/** The kinds of collection: https://nodejs.org/api/perf_hooks.html#performanceentrydetail */
const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'scavenge (young generation)',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'mark-compact (whole heap)',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental marking',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak callbacks',
};

/** An entry of the type `gc`. The types of Node.js lack its detail. */
interface GcEntry {
  readonly startTime: number;
  readonly duration: number;
  readonly detail?: unknown;
}

/** A pause of this thread by the garbage collector. */
export interface Pause {
  readonly kind: string;
  /** By `performance.now()`. */
  readonly startedAt: number;
  readonly durationMs: number;
}

/** Runs `work` and returns the garbage collection pauses in this time. */
export async function observePauses<T>(work: () => Promise<T>) {
  const pauses: Pause[] = [];
  const add = (entries: readonly GcEntry[]) => {
    for (const { detail, startTime, duration } of entries) {
      pauses.push({ kind: kindOf(detail), startedAt: startTime, durationMs: duration });
    }
  };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  try {
    const startedAt = performance.now();
    const value = await work();
    const endedAt = performance.now();
    await nextIteration(); // entries are delivered in their own iteration
    add(observer.takeRecords());
    return {
      value,
      elapsedMs: endedAt - startedAt,
      pauses: pauses.filter((pause) => pause.startedAt >= startedAt && pause.startedAt <= endedAt),
    };
  } finally {
    observer.disconnect();
  }
}

function kindOf(detail: unknown): string {
  return kinds[(detail as { readonly kind: number }).kind] ?? 'other';
}
