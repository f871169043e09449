/**
 * Counts the primes below a limit by trial division: the CPU-bound job of the demos. It allocates nothing, and the same
 * limit always takes the same work, so that places to run it can be compared.
 */
export function countPrimes(limit: number): number {
  return countPrimesBetween(2, limit);
}

/** Counts the primes from `from` to below `to`. */
export function countPrimesBetween(from: number, to: number): number {
  let found = 0;
  for (let candidate = Math.max(2, from); candidate < to; candidate += 1) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor += 1;
    if (divisor * divisor > candidate) found += 1;
  }
  return found;
}

export interface Slices {
  readonly primes: number;
  readonly slices: number;
  readonly longestSliceMs: number;
}

/** Candidates to test before the clock is read again. */
const STEP = 200;

/**
 * Counts the primes below a limit in slices of `sliceMs`, and yields to the event loop after each.
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
