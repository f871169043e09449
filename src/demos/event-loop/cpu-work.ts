import { performance } from 'node:perf_hooks';
import { oncePerService } from '../work/once-per-service.ts';
import { countPrimes } from '../work/primes.ts';
import type { Tools } from '../work/tools.ts';

const SAMPLE_LIMIT = 40_000;
/** Counting up to twice as far takes about 2 to this power as long. */
const GROWTH = 1.42;

/** What the sample takes on this machine, measured once: the same `ms` is then always the same job. */
const sampleMsOf = oncePerService(measureSample);

/** How far to count primes so that it takes about so many milliseconds here. */
export function limitFor(ms: number, tools: Tools): number {
  return Math.round(SAMPLE_LIMIT * (ms / sampleMsOf(tools)) ** (1 / GROWTH));
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
