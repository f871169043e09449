import { performance } from 'node:perf_hooks';
import { wholeNumber } from '../kit/demo.ts';
import { countPrimes } from '../kit/primes/primes.ts';
import { perService } from '../kit/resources/per-service.ts';
import type { DemoResources } from '../kit/resources/resources.ts';

const SAMPLE_LIMIT = 40_000;
const SAMPLES = 6;
/** The time to count primes grows about as the limit to this power. */
const GROWTH = 1.42;

/** The query parameter `ms` of all routes that do this work. */
export const msParameter = wholeNumber('Approximate duration of the work in milliseconds', {
  min: 20,
  max: 1_000,
  default: 300,
});

/** Measured once for each service, so that the same `ms` is always the same work. */
const sampleMsOf = perService(measureSample);

/** @returns the limit below which counting primes takes about `ms` milliseconds on this machine */
export function limitFor(ms: number, resources: DemoResources): number {
  return Math.round(SAMPLE_LIMIT * (ms / sampleMsOf(resources)) ** (1 / GROWTH));
}

/** The fastest sample: the first ones run before the code is optimized, and other processes may delay some. */
function measureSample(): number {
  const durations = Array.from({ length: SAMPLES }, () => {
    const startedAt = performance.now();
    countPrimes(SAMPLE_LIMIT);
    return performance.now() - startedAt;
  });
  return Math.min(...durations);
}
