import { on } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { ms, times } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import type { RedosMessage, RedosOptions } from './redos-thread.ts';

const program = new URL('./redos-thread.ts', import.meta.url);

/** From the start of the first match. */
const LIMIT_MS = 1_500;
const MAX_LENGTH = 100_000;
/** Up to this length every second one is tried; then each is twice as long as the last. */
const MAX_STEP_LENGTH = 40;
/** A factor per character from which the time grows exponentially. In linear time it is about 1. */
const EXPONENTIAL = 1.4;
/** Shorter matches are mostly the call itself, and the clock is too coarse for them. */
const TELLING_MS = 0.01;

const row = z.strictObject({
  characters: z.number(),
  matchMs: z.number().describe('Duration of one match'),
  timesPerCharacter: z.number().nullable().describe('Factor for each character since the row before'),
});
type Row = z.infer<typeof row>;

const resultSchema = z.strictObject({
  pattern: z.string(),
  samplesAgree: z.boolean().describe('Whether both patterns accept and reject the same sample texts'),
  rows: z.array(row),
  terminatedAtCharacters: z.number().nullable().describe('The match that the time limit ended; null if none'),
  limitMs: z.number(),
  terminatedAfterMs: z.number().nullable().describe('From the limit until the thread had ended'),
  eventLoopMaxDelayMs: z.number().describe('The longest delay of a timer of this process in the meantime'),
});
type Result = z.infer<typeof resultSchema>;

export const redos = demoRoute({
  method: 'get',
  path: '/redos',
  title: 'Stop a worker with a regular expression',
  summary: 'Matches ever longer inputs on a thread with a time limit, with nested quantifiers or without.',
  teaches:
    'Nested quantifiers such as (\\w+ ?)+ make V8 backtrack: each further character that fails to match doubles the time ' +
    '(ReDoS, catastrophic backtracking). Bound the input, and rewrite the pattern: recheck and ' +
    'eslint-plugin-regexp find such patterns, and the RE2 engine never backtracks.',
  query: z.object({
    length: wholeNumber('Longest input, in characters', { min: 8, max: MAX_LENGTH, default: 30 }),
    pattern: oneOf('The pattern', ['nested', 'safe']),
  }),
  result: resultSchema,
  examples: [
    { title: 'Nested quantifiers', query: { pattern: 'nested', as: 'text' } },
    {
      title: 'The same texts with a safe pattern',
      query: { pattern: 'safe', length: MAX_LENGTH, as: 'text' },
    },
    {
      title: 'A bound on the input helps as well',
      query: { pattern: 'nested', length: 12, as: 'text' },
    },
  ],
  contrasts: [
    'security/redos?pattern=nested',
    'security/redos?pattern=safe',
    'worker-threads/cancel',
    'event-loop/block',
  ],
  async run({ query: { length, pattern }, signal, timeline, resources }) {
    const data: RedosOptions = { pattern, lengths: lengthsUpTo(length) };
    const result = await resources.budgets.threads.use(1, signal, async () => {
      const probe = new EventLoopProbe();
      try {
        const matched = await resources.threads.run(program, { data, signal }, (thread) =>
          watchMatches(thread, data.lengths, timeline, signal),
        );
        const terminatedAfterMs =
          matched.terminatedAtCharacters === null
            ? null
            : toMicroseconds(performance.now() - matched.stoppedAt);
        return { matched, terminatedAfterMs, eventLoopMaxDelayMs: probe.stop().maxDelayMs };
      } finally {
        probe.stop();
      }
    });
    const { matched, ...rest } = result;
    const { stoppedAt: _, ...figures } = matched;
    const observed: Result = { ...figures, limitMs: LIMIT_MS, ...rest };
    return { result: observed, lesson: conclude(observed) };
  },
});

function lengthsUpTo(longest: number): number[] {
  const lengths: number[] = [];
  for (let length = 8; length < longest; length = length < MAX_STEP_LENGTH ? length + 2 : 2 * length) {
    lengths.push(length);
  }
  return [...lengths, longest];
}

/** Collects what the thread reports, until it has matched every length or its time is up. */
async function watchMatches(
  thread: Worker,
  lengths: readonly number[],
  timeline: Timeline,
  signal: AbortSignal,
) {
  const rows: Row[] = [];
  let about = { source: '', samplesAgree: false };
  let startMs = 0;
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const [message] of on(thread, 'message', {
      signal: AbortSignal.any([signal, limit.signal]),
    }) as AsyncIterable<[RedosMessage]>) {
      if ('source' in message) {
        about = message;
        timer = setTimeout(() => limit.abort(), LIMIT_MS);
      } else {
        const { characters, matchMs } = message;
        timeline.add(`${characters} characters`, 'thread', startMs, timeline.now());
        rows.push({
          characters,
          matchMs: toNanoseconds(matchMs),
          timesPerCharacter: growth(rows.at(-1), message),
        });
      }
      startMs = timeline.now();
      if (rows.length === lengths.length) break;
    }
  } catch (error) {
    if (!limit.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  signal.throwIfAborted();
  const terminated = lengths[rows.length] ?? null;
  if (terminated !== null) {
    timeline.add(`${terminated} characters, terminated`, 'thread', startMs, timeline.now());
  }
  return {
    pattern: about.source,
    samplesAgree: about.samplesAgree,
    rows,
    terminatedAtCharacters: terminated,
    stoppedAt: performance.now(),
  };
}

function growth(before: Row | undefined, { characters, matchMs }: Omit<Row, 'timesPerCharacter'>) {
  if (before === undefined || before.matchMs === 0) return null;
  return toMicroseconds((matchMs / before.matchMs) ** (1 / (characters - before.characters)));
}

function toNanoseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6) / 1e6;
}

export function conclude(result: Result): Lesson {
  const { rows, terminatedAtCharacters, terminatedAfterMs, limitMs, eventLoopMaxDelayMs } = result;
  const telling = rows.filter(({ matchMs }) => matchMs >= TELLING_MS);
  const [first, last] = [telling[0], telling.at(-1)];
  const longest = rows.at(-1);
  const ended =
    terminatedAtCharacters === null
      ? ''
      : ` The match of ${terminatedAtCharacters.toLocaleString('en')} characters did not end within the limit of ${ms(limitMs)}; ` +
        `its thread was terminated ${ms(terminatedAfterMs ?? 0)} later. The event loop of this process was at most ${ms(eventLoopMaxDelayMs)} late.`;
  if (longest === undefined || first === undefined || last === undefined || first === last) {
    return {
      headline: `This run does not tell how the time grows`,
      text:
        longest === undefined
          ? `No match ended.${ended}`
          : `${longest.characters.toLocaleString('en')} characters took ${ms(longest.matchMs)}, too little to compare.` +
            (ended === ''
              ? ' A bound on the input keeps it so, whatever the pattern. Raise length to see the growth.'
              : ended),
    };
  }
  const perCharacter = (last.matchMs / first.matchMs) ** (1 / (last.characters - first.characters));
  const figures = `${first.characters.toLocaleString('en')} characters took ${ms(first.matchMs)} and ${last.characters.toLocaleString('en')} took ${ms(last.matchMs)}.`;
  if (perCharacter >= EXPONENTIAL) {
    const at40 = last.matchMs * perCharacter ** (MAX_STEP_LENGTH - last.characters);
    const estimate =
      last.characters >= MAX_STEP_LENGTH
        ? ''
        : ` At this rate ${MAX_STEP_LENGTH} characters would take ${ms(at40)}.`;
    return {
      headline: `Each further character took ${times(perCharacter)} as long: exponential backtracking`,
      text: `${figures}${estimate}${ended}`,
    };
  }
  return {
    headline: `${last.characters.toLocaleString('en')} characters took ${ms(last.matchMs)}: no exponential backtracking`,
    text: `${figures} That is ${times(last.matchMs / first.matchMs)} the time for ${times(last.characters / first.characters)} the length.${ended}`,
  };
}
