import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { countPrimesBetween } from '../work/primes.ts';

/** Work of three kinds, each a function that a profile shows by its name, and how long each took by the clock. */
export interface WorkDone {
  readonly rounds: number;
  readonly elapsedMs: number;
  readonly byClockMs: ReadonlyMap<string, number>;
}

function toWord(_: unknown, index: number): string {
  return String((index * 7_919) % 4_001);
}

const parts: readonly (() => unknown)[] = [
  function findPrimes() {
    return countPrimesBetween(100_000, 112_000);
  },
  function sortWords() {
    return Array.from({ length: 4_000 }, toWord).sort();
  },
  function scanText() {
    return 'to be or not to be '.repeat(4_000).match(/\b(?:be|not)\b/g)?.length;
  },
];

/** Names that belong to a part: what a part calls may be shown on its own, or inlined into it. */
export const partOf: Readonly<Record<string, string>> = {
  countPrimesBetween: 'findPrimes',
  toWord: 'sortWords',
  'RegExp: \\b(?:be|not)\\b': 'scanText',
};

/** Works for so long, in rounds that let others have a turn in between. */
export async function workFor(forMs: number, signal: AbortSignal): Promise<WorkDone> {
  const byClockMs = new Map<string, number>(parts.map(({ name }) => [name, 0]));
  const startedAt = performance.now();
  let rounds = 0;
  while (performance.now() - startedAt < forMs) {
    for (const part of parts) {
      const partAt = performance.now();
      part();
      byClockMs.set(part.name, (byClockMs.get(part.name) ?? 0) + performance.now() - partAt);
      await nextTurn();
      signal.throwIfAborted();
    }
    rounds += 1;
  }
  return { rounds, elapsedMs: performance.now() - startedAt, byClockMs };
}
