import { fastestMs } from '../measure/fastest.ts';
import { perService } from '../resources/per-service.ts';
import type { DemoResources } from '../resources/resources.ts';
import { countPrimes } from './primes.ts';

const SAMPLE_LIMIT = 40_000;
const SAMPLES = 6;
/** The time to count primes grows about as the limit to this power. */
const GROWTH = 1.42;

/** Measured once for each service, so that the same time is always the same work. */
const sampleMsOf = perService(() => fastestMs(SAMPLES, () => void countPrimes(SAMPLE_LIMIT)));

/** @returns the limit below which counting primes takes about `ms` milliseconds on this machine */
export function limitFor(ms: number, resources: DemoResources): number {
  return Math.round(SAMPLE_LIMIT * (ms / sampleMsOf(resources)) ** (1 / GROWTH));
}

/** @returns about how many milliseconds it takes on this machine to count the primes below a limit */
export function primesMs(limit: number, resources: DemoResources): number {
  return sampleMsOf(resources) * (limit / SAMPLE_LIMIT) ** GROWTH;
}
