import { performance } from 'node:perf_hooks';
import { deriveMany } from './derive.ts';

/**
 * Fills the pool with keys to derive and does some work at that moment.
 *
 * A task of the pool cannot be taken back, so this ends when the last key is derived, however the work ends.
 *
 * @returns what the work gave, and how long the pool had keys to derive
 */
export async function whilePoolIsFull<T>(
  tasks: number,
  iterations: number,
  work: () => Promise<T>,
): Promise<{ value: T; fullMs: number }> {
  const startedAt = performance.now();
  const filled = deriveMany(tasks, iterations).then(() => performance.now() - startedAt);
  const [value, fullMs] = await Promise.allSettled([work(), filled]);
  if (value.status === 'rejected') throw value.reason;
  if (fullMs.status === 'rejected') throw fullMs.reason;
  return { value: value.value, fullMs: fullMs.value };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
