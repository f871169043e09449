import { performance } from 'node:perf_hooks';
import { deriveMany } from './derive.ts';

/**
 * Fills the pool with keys to derive and does some work at that moment. The work can ask how many keys are done: what
 * waits in the same queue is answered after some of them, what does not need the pool before the first.
 *
 * A task of the pool cannot be taken back, so this ends when the last key is derived, however the work ends.
 *
 * @returns what the work gave, and how long the pool had keys to derive
 */
export async function whilePoolIsFull<T>(
  tasks: number,
  iterations: number,
  work: (keysDone: () => number) => Promise<T>,
): Promise<{ value: T; fullMs: number }> {
  const startedAt = performance.now();
  let keys = 0;
  const filled = deriveMany(tasks, iterations, () => {
    keys += 1;
  }).then(() => performance.now() - startedAt);
  const [value, fullMs] = await Promise.allSettled([work(() => keys), filled]);
  if (value.status === 'rejected') throw value.reason;
  if (fullMs.status === 'rejected') throw fullMs.reason;
  return { value: value.value, fullMs: fullMs.value };
}

export interface Answered {
  readonly latencyMs: number;
  /** Keys that were done when it was answered. */
  readonly keysBefore: number;
}

/** Does one operation, and tells when it was answered. */
export async function timed(
  run: () => Promise<unknown>,
  keysDone: () => number = () => 0,
): Promise<Answered> {
  const startedAt = performance.now();
  await run();
  return { latencyMs: performance.now() - startedAt, keysBefore: keysDone() };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
