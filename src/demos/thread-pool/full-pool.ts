import { performance } from 'node:perf_hooks';
import { wholeNumber } from '../kit/demo.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { batchMs, deriveKeys, poolSize, type Batch } from './keys.ts';

/** The query parameters of a route that fills the pool. */
export const fillParameters = {
  tasks: wholeNumber('Keys to derive at once; with fewer keys than pool threads, threads stay free', {
    min: 1,
    max: 64,
    default: 16,
  }),
  iterations: wholeNumber('PBKDF2 iterations per key', { min: 1_000, max: 200_000, default: 80_000 }),
};

/** @throws {Problem} if the pool would be full for too long: a submitted crypto task cannot be canceled */
export function rejectLongFill(batch: Batch, resources: DemoResources): void {
  rejectLongWork('fill the thread pool', batchMs(batch, poolSize(), resources), ['tasks', 'iterations']);
}

/**
 * Fills the pool with keys to derive and starts some work at the same moment. The work can ask how many keys are done:
 * an operation that waits in the queue of the pool completes after some of them, any other before the first.
 *
 * A submitted crypto task cannot be canceled, so this settles after the last key, even if the work fails earlier.
 *
 * @returns the value of the work, and how many milliseconds the pool had keys to derive
 */
export async function whilePoolIsFull<T>(
  tasks: number,
  iterations: number,
  work: (keysDone: () => number) => Promise<T>,
): Promise<{ value: T; fullMs: number }> {
  const startedAt = performance.now();
  let keys = 0;
  const filled = deriveKeys(tasks, iterations, () => {
    keys += 1;
  }).then(() => performance.now() - startedAt);
  const [value, fullMs] = await Promise.allSettled([work(() => keys), filled]);
  if (value.status === 'rejected') throw value.reason;
  if (fullMs.status === 'rejected') throw fullMs.reason;
  return { value: value.value, fullMs: fullMs.value };
}

export interface Completion {
  readonly latencyMs: number;
  /** Keys that were done when the operation completed. */
  readonly keysBefore: number;
}

/** Times one operation. */
export async function timed(
  run: () => Promise<unknown>,
  keysDone: () => number = () => 0,
): Promise<Completion> {
  const startedAt = performance.now();
  await run();
  return { latencyMs: performance.now() - startedAt, keysBefore: keysDone() };
}
