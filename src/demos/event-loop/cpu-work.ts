import { performance } from 'node:perf_hooks';
import { countPrimes, countPrimesBetween } from '../work/primes.ts';
import type { Tools } from '../work/tools.ts';

const SAMPLE_LIMIT = 40_000;
/** Counting up to twice as far takes about 2 to this power as long. */
const GROWTH = 1.42;

/** What the sample takes on this machine, measured once for each worker: the same `ms` is then always the same job. */
const samples = new WeakMap<Tools, number>();

/** How far to count primes so that it takes about so many milliseconds here. */
export function limitFor(ms: number, tools: Tools): number {
  let sampleMs = samples.get(tools);
  if (sampleMs === undefined) {
    sampleMs = measureSample();
    samples.set(tools, sampleMs);
  }
  return Math.round(SAMPLE_LIMIT * (ms / sampleMs) ** (1 / GROWTH));
}

/** The best of several: the first ones are slower, for the code is not compiled yet, and others may be disturbed. */
function measureSample(): number {
  const taken = Array.from({ length: 6 }, () => {
    const startedAt = performance.now();
    countPrimes(SAMPLE_LIMIT);
    return performance.now() - startedAt;
  });
  return Math.min(...taken);
}

export interface Slices {
  readonly primes: number;
  readonly slices: number;
  readonly longestSliceMs: number;
}

/** Numbers to look at between two looks at the clock. */
const STEP = 200;

/**
 * Counts the primes below a limit in slices of so many milliseconds, and lets the event loop turn between them.
 *
 * @throws the signal's reason, between two slices
 */
export async function countPrimesInSlices(
  limit: number,
  sliceMs: number,
  signal: AbortSignal,
  onSlice: (startedAt: number, endedAt: number) => void,
): Promise<Slices> {
  let primes = 0;
  let slices = 0;
  let longestSliceMs = 0;
  for (let from = 2; from < limit;) {
    signal.throwIfAborted();
    const startedAt = performance.now();
    let now = startedAt;
    while (from < limit && now - startedAt < sliceMs) {
      const to = Math.min(limit, from + STEP);
      primes += countPrimesBetween(from, to);
      from = to;
      now = performance.now();
    }
    slices += 1;
    longestSliceMs = Math.max(longestSliceMs, now - startedAt);
    onSlice(startedAt, now);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { primes, slices, longestSliceMs };
}
