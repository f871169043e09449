import { performance } from 'node:perf_hooks';
import { setImmediate as nextIteration } from 'node:timers/promises';

/** Comparisons per measurement: a single one is shorter than the resolution of the clock. */
export const BATCH = 32;
/** Kinds of measurement in `Durations`. */
export const KINDS = 3;
/** How long the event loop is blocked at a time. */
const SLICE_MS = 10;

/** The same characters in the two forms that comparisons take. */
interface Secret {
  readonly text: string;
  readonly bytes: Buffer;
}

export type Compare = (a: Secret, b: Secret) => boolean;

/** Nanoseconds of one comparison, measurement by measurement. */
export interface Durations {
  /** Its first character is wrong. */
  readonly firstWrong: readonly number[];
  /** Only its last character is wrong. */
  readonly lastWrong: readonly number[];
  /** The same work as `firstWrong`: differences from it are noise. */
  readonly control: readonly number[];
}

/**
 * Measures a comparison of a secret with wrong guesses. The kinds alternate in random order, so that disturbances
 * affect them alike and cancel out in the differences.
 *
 * @throws the signal's reason
 */
export async function timeComparison(
  compare: Compare,
  length: number,
  samples: number,
  signal: AbortSignal,
): Promise<Durations> {
  const secret = toSecret('s'.repeat(length));
  const firstGuess = toSecret(`x${'s'.repeat(length - 1)}`);
  const lastGuess = toSecret(`${'s'.repeat(length - 1)}x`);
  const firstWrong: number[] = [];
  const lastWrong: number[] = [];
  const control: number[] = [];
  const kinds = [
    { guess: firstGuess, durations: firstWrong },
    { guess: lastGuess, durations: lastWrong },
    { guess: firstGuess, durations: control },
  ] as const;
  const warmUp = Math.ceil(samples / 5);
  let sliceEnd = performance.now() + SLICE_MS;
  for (let sample = -warmUp; sample < samples; sample += 1) {
    for (const index of randomOrder()) {
      const { guess, durations } = kinds[index];
      const ns = timeBatch(compare, secret, guess);
      if (sample >= 0) durations.push(ns);
    }
    if (performance.now() < sliceEnd) continue;
    await nextIteration();
    signal.throwIfAborted();
    sliceEnd = performance.now() + SLICE_MS;
  }
  return { firstWrong, lastWrong, control };
}

/** @returns nanoseconds of one comparison */
function timeBatch(compare: Compare, secret: Secret, guess: Secret): number {
  let equal = 0;
  const startedAt = process.hrtime.bigint();
  for (let i = 0; i < BATCH; i += 1) if (compare(secret, guess)) equal += 1;
  const ns = Number(process.hrtime.bigint() - startedAt);
  // The result is used, so that no compiler can remove the comparisons.
  if (equal > 0) throw new Error('a wrong guess was accepted');
  return ns / BATCH;
}

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

function randomOrder(): (typeof orders)[number] {
  return orders[Math.floor(Math.random() * orders.length)] ?? orders[0];
}

/** Converts to bytes and back, so that the string is flat like one from a request. */
function toSecret(text: string): Secret {
  const bytes = Buffer.from(text, 'latin1');
  return { text: bytes.toString('latin1'), bytes };
}
