/** What the figures of one run say; also where they do not show what the textbook promises. */
import { bytes, count, ms, times } from '../evidence/words.ts';
import type { JobResult } from './measure.ts';
import type { PlaceName } from './places.ts';

export const lessons: Readonly<Record<PlaceName, (result: JobResult) => string>> = {
  inline: ({ ranMs, eventLoop }) =>
    eventLoop.maxDelayMs > ranMs / 2
      ? `The job ran ${ms(ranMs)} on the event loop, and a timer was ${ms(eventLoop.maxDelayMs)} late: so long every other request of this worker had to wait.`
      : `The job ran only ${ms(ranMs)}, too short for a 5 ms timer to feel much of it (it was ${ms(eventLoop.maxDelayMs)} late); raise limit.`,

  chunked: ({ ranMs, slices = 1, eventLoop }) => {
    const felt = `a timer was at most ${ms(eventLoop.maxDelayMs)} late`;
    const total = `The job took ${ms(ranMs)} of the event loop in ${count(slices, 'slice')}`;
    return slices > 1 && eventLoop.maxDelayMs < ranMs / 2
      ? `${total} of about ${ms(ranMs / slices)}, and ${felt}: others had their turn between two slices, yet the core did nothing else.`
      : `${total}, and ${felt}: cut no finer than this the job holds the event loop as it does inline; raise limit or lower sliceMs.`;
  },

  thread: (result) =>
    `Starting a thread took ${ms(result.startUpMs)} and ${bytes(result.memoryBytes)} of heap for a job of ${ms(result.ranMs)}; ${concludeFree(result)}`,

  'thread-pool': (result) => {
    const waited =
      result.startUpMs > 0
        ? `after ${ms(result.startUpMs)} in which the pool started its first thread`
        : `after waiting ${ms(result.queuedMs)} for it`;
    return `The job ran ${ms(result.ranMs)} on a pooled thread ${waited}; ${concludeFree(result)}`;
  },

  child: (result) =>
    `A process took ${ms(result.startUpMs)} to start, ran the job in ${ms(result.ranMs)}, and ${ms(result.handOverMs)} later it had ended and its ` +
    `answer was read; its resident set was ${bytes(result.memoryBytes)}. ${capital(concludeFree(result))}`,

  fork: (result) => {
    const next = result.nextJobMs ?? 0;
    const again =
      next < result.startUpMs / 2
        ? `a second job of the same child came back after ${ms(next)}, without a start-up`
        : `a second job of the same child took ${ms(next)}, which saved little`;
    return (
      `A child with a channel took ${ms(result.startUpMs)} to start and ${bytes(result.memoryBytes)}, and its answer came ${ms(result.handOverMs)} after ` +
      `the end of the job; ${again}. ${capital(concludeFree(result))}`
    );
  },
};

function concludeFree({ ranMs, eventLoop }: JobResult): string {
  const felt = `a timer of this event loop came ${count(eventLoop.ticks, 'time')} meanwhile and was at most ${ms(eventLoop.maxDelayMs)} late`;
  return eventLoop.maxDelayMs < ranMs / 2
    ? `${felt}: other requests went on.`
    : `${felt}: the job was too short to tell, or the cores are all taken.`;
}

export interface Compared {
  readonly place: PlaceName;
  readonly primes: number;
  readonly elapsedMs: number;
  readonly ranMs: number;
  readonly startUpMs: number;
  readonly memoryBytes: number;
  readonly maxDelayMs: number;
}

/** Who held the event loop, who did not, and what that cost. */
export function concludeComparison(rows: readonly Compared[]): string {
  const [first] = rows;
  const inline = rows.find(({ place }) => place === 'inline');
  const elsewhere = rows.filter(({ place }) => place !== 'inline' && place !== 'chunked');
  if (first === undefined || inline === undefined || elsewhere.length === 0) return 'Nothing was compared.';
  const same = rows.every(({ primes }) => primes === first.primes)
    ? `All ${rows.length} counted ${first.primes} primes`
    : `They did NOT count the same (${rows.map(({ primes }) => primes).join(', ')})`;
  const calmest = rows.reduce((a, b) => (b.maxDelayMs < a.maxDelayMs ? b : a));
  const worst = elsewhere.reduce((a, b) => (b.maxDelayMs > a.maxDelayMs ? b : a));
  const told =
    worst.maxDelayMs < inline.maxDelayMs / 2
      ? `threads and children at most ${ms(worst.maxDelayMs)} (${worst.place})`
      : `but ${worst.place} ${ms(worst.maxDelayMs)}: too short a job or too few free cores to tell them apart`;
  const held =
    inline.maxDelayMs < inline.ranMs / 2
      ? `inline ran only ${ms(inline.ranMs)} on the event loop, too short for a 5 ms timer to feel much of it (it was ${ms(inline.maxDelayMs)} late)`
      : `inline held the event loop ${ms(inline.maxDelayMs)}, ${told}; the calmest was ${calmest.place}`;
  const quickest = elsewhere.reduce((a, b) => (b.elapsedMs < a.elapsedMs ? b : a));
  const slowest = elsewhere.reduce((a, b) => (b.elapsedMs > a.elapsedMs ? b : a));
  return (
    `${same}; ${held}. Of those elsewhere ${quickest.place} answered first, after ${ms(quickest.elapsedMs)}; ` +
    `${slowest.place} took ${times(slowest.elapsedMs / quickest.elapsedMs)} that, ${ms(slowest.startUpMs)} of it start-up.`
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
