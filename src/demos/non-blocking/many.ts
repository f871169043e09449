import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { TAKES_AT_ONCE } from './limited-dependency.ts';
import type { ManyReport, ManyTask } from './many-thread.ts';

const program = new URL('./many-thread.ts', import.meta.url);

const ways = ['forEach', 'all', 'limited', 'sequential'] as const satisfies readonly ManyTask['way'][];
/** How late a timer of the dependency fires. */
const TIMER_LATE_MS = 2;

const resultSchema = z.strictObject({
  way: z.enum(ways),
  calls: z.number(),
  takesAtOnce: z.number().describe('Calls that the dependency takes at once; it refuses more'),
  maxAtOnce: z.number().describe('The most calls that were pending at one time'),
  outcome: z.string().describe('What the function that makes all calls returned'),
  returnedMs: z.number(),
  finishedAtReturn: z.number().describe('Calls that were served or refused when it returned'),
  settledMs: z.number().describe('Until the last call was served or refused'),
  served: z.number(),
  refused: z.number(),
  unhandledRejections: z.number().describe('By default, the first one ends the process'),
});
export type Result = z.infer<typeof resultSchema>;

export const many = demoRoute({
  method: 'get',
  path: '/many',
  title: 'Make many calls',
  summary: `Calls a dependency that takes ${TAKES_AT_ONCE} calls at once, for each item of a list, in four ways.`,
  teaches:
    'forEach ignores the promises of its callback: it returns before anything is done, and errors stay unhandled. ' +
    'Promise.all starts every call at once, as many as the list is long: over user input, that is an attack on your own ' +
    'database. Limit the concurrency to what the dependency takes.',
  query: z.object({
    way: oneOf('How the calls are made: dropped promises, all at once, a few at a time, one by one', ways),
    calls: wholeNumber('Items of the list', { min: 1, max: 1000, default: 200 }),
    callMs: wholeNumber('How long the dependency takes for each, in milliseconds', {
      min: 1,
      max: 50,
      default: 5,
    }),
    limit: wholeNumber('Calls at once, if limited', { min: 1, max: 100, default: TAKES_AT_ONCE }),
  }),
  result: resultSchema,
  examples: [
    { title: 'forEach', query: { way: 'forEach', as: 'text' } },
    { title: 'Promise.all', query: { way: 'all', as: 'text' } },
    { title: 'A limit of twenty at a time', query: { way: 'limited', as: 'text' } },
    { title: 'One after the other', query: { way: 'sequential', as: 'text' } },
    { title: 'A limit that is too high', query: { way: 'limited', limit: 40, as: 'text' } },
  ],
  contrasts: [
    'non-blocking/many?way=forEach',
    'non-blocking/many?way=all',
    'non-blocking/many?way=limited',
    'non-blocking/many?way=sequential',
    'non-blocking/together',
  ],
  async run({ query: task, signal, timeline, resources }) {
    rejectLongWork('run', estimateMs(task), ['calls', 'callMs']);
    const report = await resources.budgets.threads.use(1, signal, () =>
      resources.threads.run(
        program,
        { data: task, signal },
        async (thread) => (await nextMessage<ManyReport>(thread)).message,
      ),
    );
    const { spans, returnedMs, settledMs, ...figures } = report;
    const zero = performance.timeOrigin + timeline.startedAt;
    for (const { call, outcome, startedAt, endedAt } of spans.toSorted((a, b) => a.call - b.call)) {
      timeline.add(`call ${call}`, outcome, startedAt - zero, endedAt - zero);
    }
    for (let call = spans.length; call < task.calls; call += 1) timeline.leaveOut();
    const result = {
      way: task.way,
      calls: task.calls,
      takesAtOnce: TAKES_AT_ONCE,
      returnedMs: toMicroseconds(returnedMs),
      settledMs: toMicroseconds(settledMs),
      ...figures,
    };
    return { result, lesson: conclude(result) };
  },
});

function estimateMs({ way, calls, callMs, limit }: ManyTask): number {
  const atOnce = { sequential: 1, limited: Math.min(limit, TAKES_AT_ONCE), all: calls, forEach: calls }[way];
  return (calls / atOnce) * (callMs + TIMER_LATE_MS);
}

const names: Readonly<Record<Result['way'], string>> = {
  forEach: 'forEach',
  all: 'Promise.all',
  limited: 'The limit',
  sequential: 'One call at a time',
};

export function conclude(result: Result): Lesson {
  const { calls, takesAtOnce, maxAtOnce, served, refused, settledMs } = result;
  const name = names[result.way];
  const load = `Up to ${count(maxAtOnce, 'call was', 'calls were')} pending at once; the dependency takes ${takesAtOnce}`;
  if (result.finishedAtReturn < calls && result.outcome === 'undefined') {
    return {
      headline: `${name} returned with ${result.finishedAtReturn} of ${count(calls, 'call')} finished`,
      text:
        `It ignores the promises: its caller learns neither when they settle, ${ms(settledMs)} after the start, nor how. ` +
        `${load} and refused ${refused}. ${rejections(result)}`,
    };
  }
  if (refused > 0) {
    const unfinished = calls - result.finishedAtReturn;
    return {
      headline: `${name} sent ${maxAtOnce} calls at once: ${refused} of ${calls} were refused`,
      text:
        `${load}. ${served} were served. The caller received "${result.outcome}" after ${ms(result.returnedMs)}, ` +
        `with ${count(unfinished, 'call')} still pending and the results of the served ones lost.`,
    };
  }
  if (maxAtOnce === calls) {
    return {
      headline: `This run does not tell: the dependency takes ${count(calls, 'call')} at once`,
      text: `Nothing was refused in ${ms(settledMs)}. ${load}. Use a longer list.`,
    };
  }
  const verdict =
    maxAtOnce === 1
      ? `No call overlapped another, so the list took the sum of all calls: ${ms(settledMs / calls)} each.`
      : `The list has ${count(calls, 'item')}, and the dependency did not notice: the limit bounds the load, whatever a client sends.`;
  return {
    headline: `${name} served all ${count(calls, 'call')} in ${ms(settledMs)}`,
    text: `${load} and refused none. ${verdict}`,
  };
}

function rejections({ unhandledRejections: many }: Result): string {
  return many === 0
    ? 'No rejection was unhandled in this run.'
    : `${count(many, 'rejection was', 'rejections were')} unhandled: by default, the first one ends the process.`;
}
