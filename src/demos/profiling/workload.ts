import { performance } from 'node:perf_hooks';
import { setImmediate as nextIteration } from 'node:timers/promises';

export interface WorkDone {
  readonly rounds: number;
  readonly elapsedMs: number;
  /** The duration of each part, by its name. */
  readonly clockMs: ReadonlyMap<string, number>;
}

/** Named functions, so that a profile shows them. */
const parts: readonly (() => unknown)[] = [
  function findPrimes() {
    return countProfiledPrimes(100_000, 112_000);
  },
  function sortWords() {
    return Array.from({ length: 4_000 }, toWord).sort();
  },
  function scanText() {
    return 'to be or not to be '.repeat(4_000).match(/\b(?:be|not)\b/g)?.length;
  },
];

/** The part to which a callee belongs. A profile may list it separately or inline it. */
export const partOf: Readonly<Record<string, string>> = {
  countProfiledPrimes: 'findPrimes',
  toWord: 'sortWords',
  'RegExp: \\b(?:be|not)\\b': 'scanText',
};

/** Works for `durationMs`, and yields to the event loop after each part. @throws the signal's reason */
export async function workFor(durationMs: number, signal: AbortSignal): Promise<WorkDone> {
  const clockMs = new Map<string, number>(parts.map(({ name }) => [name, 0]));
  const startedAt = performance.now();
  let rounds = 0;
  while (performance.now() - startedAt < durationMs) {
    for (const part of parts) {
      const partAt = performance.now();
      part();
      clockMs.set(part.name, (clockMs.get(part.name) ?? 0) + performance.now() - partAt);
      await nextIteration();
      signal.throwIfAborted();
    }
    rounds += 1;
  }
  return { rounds, elapsedMs: performance.now() - startedAt, clockMs };
}

function toWord(_: unknown, index: number): string {
  return String((index * 7_919) % 4_001);
}

/** Of this workload alone: a function that other demos use would have their time in the profile. */
function countProfiledPrimes(from: number, to: number): number {
  let found = 0;
  for (let candidate = from; candidate < to; candidate += 1) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor += 1;
    if (divisor * divisor > candidate) found += 1;
  }
  return found;
}
