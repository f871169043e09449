/** A thread that matches ever longer inputs against a pattern and reports each time. The last match may not end. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';

/** Both accept words that are separated by single spaces. */
const patterns = {
  /** A repetition in a repetition: a word of n letters can be split into groups in 2^(n-1) ways. */
  // eslint-disable-next-line regexp/no-super-linear-backtracking -- what the demo shows
  nested: /^(?:\w+ ?)+$/,
  /** There is only one way to match each text. */
  safe: /^\w+(?: \w+)* ?$/,
} as const;

export interface RedosOptions {
  readonly pattern: keyof typeof patterns;
  readonly lengths: readonly number[];
}

export type RedosMessage =
  | { readonly source: string; readonly samplesAgree: boolean }
  | { readonly characters: number; readonly matchMs: number };

/** Short matches are repeated for this long, and the fastest counts. */
const REPEAT_MS = 4;
const samples = ['', 'a', 'a b', 'a b ', ' a', 'a  b', 'ab!', 'words and words'];

const { pattern, lengths } = workerData as RedosOptions;
const regexp = patterns[pattern];

report({
  source: String(regexp),
  samplesAgree: samples.every((text) => patterns.nested.test(text) === patterns.safe.test(text)),
});
for (const characters of lengths) {
  // The last character does not match, so that every way to split the word is tried.
  const input = `${'a'.repeat(characters - 1)}!`;
  regexp.test(input.slice(-8)); // compiled before it is measured
  const startedAt = performance.now();
  const cpu = process.threadCpuUsage();
  let matches = 0;
  let fastestMs = Infinity;
  let now = startedAt;
  do {
    const matchAt = now;
    regexp.test(input);
    now = performance.now();
    fastestMs = Math.min(fastestMs, now - matchAt);
    matches += 1;
  } while (now - startedAt < REPEAT_MS);
  // A match that ran only once may have waited for a core: its CPU time does not include that.
  const { user, system } = process.threadCpuUsage(cpu);
  report({ characters, matchMs: matches === 1 ? Math.min(fastestMs, (user + system) / 1000) : fastestMs });
}

function report(message: RedosMessage): void {
  parentPort?.postMessage(message);
}
