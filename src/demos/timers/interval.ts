import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import type { IntervalReport, IntervalTask, Tick } from './interval-thread.ts';

const program = new URL('./interval-thread.ts', import.meta.url);

const ways = [
  'interval',
  'chained',
  'anchored',
  'iterated',
] as const satisfies readonly IntervalTask['way'][];
/** Lateness is the least of so many ticks: the machine may delay any one of them. */
const SAMPLES = 5;
/** A timer has a resolution of a millisecond: a difference up to this does not show that delays add up. */
const RESOLUTION_MS = 2;

const resultSchema = z.strictObject({
  way: z.enum(ways),
  everyMs: z.number(),
  workMs: z.number().describe('How long the asynchronous handler of a tick takes'),
  ticks: z.number(),
  driftHalfwayMs: z.number().describe('How late the ticks were after half of them, by ticks × everyMs'),
  driftMs: z.number().describe(`How late the last ticks were; the least of ${SAMPLES}`),
  skipped: z.number().describe('Ticks that were left out on purpose because the last handler was not done'),
  maxAtOnce: z.number().describe('The most handlers that ran at one time, before the event loop was blocked'),
  blockedMs: z.number().describe('How long the event loop was blocked after the last tick'),
  dueWhileBlocked: z.number().describe('Ticks that were due in that time'),
  lost: z.number().describe('Ticks that this cost, by the time that as many more ticks took'),
});
export type Result = z.infer<typeof resultSchema>;

export const interval = demoRoute({
  method: 'get',
  path: '/interval',
  title: 'Repeat at an interval',
  summary:
    'Repeats an asynchronous handler in four ways, measures the drift, then blocks the event loop once.',
  teaches:
    'setInterval sets each tick from the last one, so delays add up, and it does not wait for an asynchronous handler. A ' +
    'setTimeout in the handler never overlaps, but adds the time of the handler. Only a timer that is set by the clock does ' +
    'not drift. None makes up for the ticks of a blocked event loop.',
  query: z.object({
    way: oneOf(
      'setInterval, a setTimeout when the handler is done, a setTimeout to the next point of the clock, or for await over ' +
        'setInterval of timers/promises',
      ways,
    ),
    everyMs: wholeNumber('The interval, in milliseconds', { min: 5, max: 100, default: 20 }),
    ticks: wholeNumber('Ticks before the event loop is blocked', { min: 10, max: 200, default: 50 }),
    workMs: wholeNumber('How long the handler waits, in milliseconds', { min: 0, max: 100, default: 5 }),
    blockMs: wholeNumber('How long the event loop is blocked, in milliseconds', {
      min: 0,
      max: 500,
      default: 200,
    }),
  }),
  result: resultSchema,
  examples: [
    { title: 'setInterval', query: { way: 'interval', as: 'text' } },
    { title: 'Chained setTimeout', query: { way: 'chained', as: 'text' } },
    { title: 'setTimeout to a point of the clock', query: { way: 'anchored', as: 'text' } },
    { title: 'for await', query: { way: 'iterated', as: 'text' } },
    {
      title: 'A handler that takes longer than the interval',
      query: { way: 'interval', workMs: 50, as: 'text' },
    },
  ],
  contrasts: [
    'timers/interval?way=interval',
    'timers/interval?way=chained',
    'timers/interval?way=anchored',
    'timers/interval?way=iterated',
    'event-loop/block',
  ],
  async run({ query: task, signal, timeline, resources }) {
    // Enough to make up for all that are lost.
    const ticksAfter = SAMPLES + Math.ceil(task.blockMs / task.everyMs);
    const periodMs = 2 * task.everyMs + task.workMs;
    rejectLongWork('run', (task.ticks + ticksAfter) * periodMs + task.blockMs, [
      'ticks',
      'everyMs',
      'workMs',
    ]);
    const report = await resources.budgets.threads.use(1, signal, () =>
      resources.threads.run(
        program,
        { data: { ...task, ticksAfter } satisfies IntervalTask, signal },
        async (thread) => (await nextMessage<IntervalReport>(thread)).message,
      ),
    );
    draw(report, task, timeline);
    const result = evaluate(report, task);
    return { result, lesson: conclude(result) };
  },
});

type Task = Omit<IntervalTask, 'ticksAfter'>;

/** Draws the ticks around the block. */
function draw({ startedAt, ticks, blocked }: IntervalReport, task: Task, timeline: Timeline): void {
  const zero = startedAt - performance.timeOrigin - timeline.startedAt;
  const last = task.ticks - 1;
  for (const [index, { atMs, endMs }] of ticks.entries()) {
    if (index === last && task.blockMs > 0)
      timeline.add('blocked', 'event loop', zero + blocked.startMs, zero + blocked.endMs);
    if (Math.abs(index - last) > SAMPLES) timeline.leaveOut();
    else timeline.add(`tick ${index + 1}`, task.way, zero + atMs, zero + endMs);
  }
}

function evaluate({ ticks, blocked, maxAtOnce }: IntervalReport, task: Task): Result {
  const { way, everyMs, workMs } = task;
  const half = Math.floor(task.ticks / 2);
  const last = ticks[task.ticks - 1];
  const end = ticks.at(-1);
  if (last === undefined || end === undefined) throw new Error('the thread reported too few ticks');
  const usualMs = (last.atMs / task.ticks) * (ticks.length - task.ticks);
  const blockedMs = blocked.endMs - blocked.startMs;
  const dueWhileBlocked = Math.floor(blockedMs / everyMs);
  return {
    way,
    everyMs,
    workMs,
    ticks: task.ticks,
    driftHalfwayMs: leastLateMs(ticks.slice(half - SAMPLES, half), everyMs),
    driftMs: leastLateMs(ticks.slice(task.ticks - SAMPLES, task.ticks), everyMs),
    skipped: last.slot - task.ticks,
    maxAtOnce,
    blockedMs: toMicroseconds(blockedMs),
    dueWhileBlocked,
    lost: Math.max(0, Math.min(dueWhileBlocked, Math.round((end.atMs - last.atMs - usualMs) / everyMs))),
  };
}

function leastLateMs(ticks: readonly Tick[], everyMs: number): number {
  return toMicroseconds(Math.min(...ticks.map(({ slot, atMs }) => atMs - slot * everyMs)));
}

const names: Readonly<Record<Result['way'], string>> = {
  interval: 'setInterval',
  chained: 'A chained setTimeout',
  anchored: 'An anchored setTimeout',
  iterated: 'for await over setInterval',
};

export function conclude(result: Result): Lesson {
  const { ticks, driftMs, driftHalfwayMs, skipped, maxAtOnce, workMs } = result;
  const name = names[result.way];
  const grows = driftMs - driftHalfwayMs > RESOLUTION_MS;
  const drift =
    `After ${Math.floor(ticks / 2)} ticks it was ${late(driftHalfwayMs)}, after ${ticks} ${late(driftMs)}: ` +
    (grows ? `delays add up, ${ms(driftMs / ticks)} per tick.` : 'in this run, delays did not add up.');
  const overlap =
    maxAtOnce > 1
      ? `Handlers of ${ms(workMs)} overlapped: up to ${maxAtOnce} at once.`
      : 'No handler overlapped another.';
  const left = skipped > 0 ? ` It left out ${count(skipped, 'tick')} to stay on the clock.` : '';
  return {
    headline:
      maxAtOnce > 1
        ? `${name} ran up to ${maxAtOnce} handlers at once`
        : `${name} was ${late(driftMs)} after ${ticks} ticks`,
    text: `${drift} ${overlap}${left} ${describeBlock(result)}`,
  };
}

/** A timer may fire a fraction of a millisecond early. */
function late(driftMs: number): string {
  return driftMs < 0 ? `${ms(-driftMs)} early` : `${ms(driftMs)} late`;
}

function describeBlock({ blockedMs, dueWhileBlocked: due, lost }: Result): string {
  return due < 2
    ? 'The event loop was not blocked long enough to lose ticks.'
    : `While the event loop was blocked for ${ms(blockedMs)}, ${count(due, 'tick')} were due: ${lost} were lost.`;
}
