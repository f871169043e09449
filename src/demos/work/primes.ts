/**
 * The CPU job of the demos: counts the primes below a limit by trial division. It is made of pure work, allocates
 * nothing, and the same limit always costs the same, so that places to run it can be compared.
 */
export function countPrimes(limit: number): number {
  return countPrimesBetween(2, limit);
}

/** Counts the primes from `from` up to, not including, `to`. */
export function countPrimesBetween(from: number, to: number): number {
  let found = 0;
  for (let candidate = Math.max(2, from); candidate < to; candidate += 1) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor += 1;
    if (divisor * divisor > candidate) found += 1;
  }
  return found;
}
