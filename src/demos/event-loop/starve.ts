import { open } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';

const ways = ['nextTick', 'microtask', 'immediate'] as const;
type Way = (typeof ways)[number];

/** How each way schedules the next call. */
const schedule: Readonly<Record<Way, (next: () => void) => void>> = {
  nextTick: (next) => process.nextTick(next),
  microtask: (next) => queueMicrotask(next),
  immediate: (next) => void setImmediate(next),
};

const functionNames = {
  nextTick: 'nextTick',
  microtask: 'queueMicrotask',
  immediate: 'setImmediate',
} as const;

const resultSchema = z.strictObject({
  with: z.enum(ways),
  recursedMs: z.number(),
  recursions: z.number(),
  recursionsBeforeRead: z.number().describe('Recursions before the pending read completed'),
  readMs: z.number().describe('Duration of the read during the recursion'),
  quietReadMs: z.number().describe('Duration of the same read without it'),
  timerMaxDelayMs: z.number().describe('The longest delay of a 5 ms timer'),
});
type Result = z.infer<typeof resultSchema>;

export const starve = demoRoute({
  method: 'get',
  path: '/starve',
  title: 'Starve the event loop',
  summary:
    'Runs a function that schedules itself again with nextTick, microtasks or setImmediate while a file read is pending.',
  teaches:
    'Node.js empties the nextTick and microtask queues before the event loop continues, so a callback that keeps adding ' +
    'another one starves the loop. setImmediate waits for the check phase, and I/O runs in between.',
  alone: true,
  query: z.object({
    with: oneOf('How the function schedules itself', ways),
    ms: wholeNumber('Duration in milliseconds', { min: 20, max: 1_000, default: 150 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'nextTick starves I/O', query: { with: 'nextTick', as: 'text' } },
    { title: 'Microtasks starve I/O', query: { with: 'microtask', as: 'text' } },
    { title: 'setImmediate does not', query: { with: 'immediate', as: 'text' } },
  ],
  contrasts: ways.map((way) => `event-loop/starve?with=${way}`),
  async run({ query, signal, timeline, resources }) {
    const file = await open(fileURLToPath(import.meta.url));
    try {
      const read = async () => {
        const startedAt = performance.now();
        await file.read(Buffer.alloc(1_024), 0, 1_024, 0);
        return performance.now() - startedAt;
      };
      const result = await resources.budgets.poolTasks.use(1, signal, async () => {
        await read(); // the first read of a process is slower
        const quietReadMs = Math.min(await read(), await read(), await read());
        const probe = new EventLoopProbe();
        const recursion = new Recursion(query.with, query.ms, signal);
        const reading = timeline
          .record('read', 'file', read)
          .then((readMs) => ({ readMs, recursionsBeforeRead: recursion.count }));
        const end = timeline.begin(`recursion by ${query.with}`, 'event loop');
        const recursedMs = await recursion.run();
        end();
        const { readMs, recursionsBeforeRead } = await reading;
        return {
          with: query.with,
          recursedMs: toMicroseconds(recursedMs),
          recursions: recursion.count,
          recursionsBeforeRead,
          readMs: toMicroseconds(readMs),
          quietReadMs: toMicroseconds(quietReadMs),
          timerMaxDelayMs: probe.stop().maxDelayMs,
        };
      });
      return { result, lesson: conclude(result) };
    } finally {
      await file.close();
    }
  },
});

/** A function that schedules itself again until its time is over. */
class Recursion {
  count = 0;
  readonly #schedule: (next: () => void) => void;
  readonly #durationMs: number;
  readonly #signal: AbortSignal;

  constructor(way: Way, durationMs: number, signal: AbortSignal) {
    this.#schedule = schedule[way];
    this.#durationMs = durationMs;
    this.#signal = signal;
  }

  /** @returns how long it ran, in milliseconds */
  run(): Promise<number> {
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const step = () => {
        this.count += 1;
        const elapsedMs = performance.now() - startedAt;
        if (elapsedMs < this.#durationMs && !this.#signal.aborted) this.#schedule(step);
        else resolve(elapsedMs);
      };
      step();
    });
  }
}

/** A read that completes during the recursion shows that the loop iterated; a late timer shows that it did not. */
export function conclude(result: Result): Lesson {
  const { recursedMs, recursions, recursionsBeforeRead, readMs, quietReadMs, timerMaxDelayMs } = result;
  const way = functionNames[result.with];
  if (quietReadMs > recursedMs / 2) {
    return {
      headline: 'This run does not show whether the read waited',
      text:
        `A read took ${ms(quietReadMs)} without the recursion, which lasted only ${ms(recursedMs)}: the disk is slow now, ` +
        'or the recursion is too short. Raise ms.',
    };
  }
  const duringRecursion = recursionsBeforeRead < recursions;
  const starved = !duringRecursion && timerMaxDelayMs > recursedMs / 2;
  const verdict = duringRecursion
    ? `${way} let the event loop iterate in between, though the process was busy for all ${ms(recursedMs)}.`
    : starved
      ? `${way} did not let the event loop continue until its ${ms(recursedMs)} were over.`
      : 'The timer kept ticking, so this read was slow for another reason.';
  return {
    headline: starved
      ? `The pending read waited ${ms(readMs)} for a recursion by ${way}`
      : `The pending read took ${ms(readMs)} during a recursion by ${way}`,
    text:
      `The pending read took ${ms(readMs)}, and ${ms(quietReadMs)} without the recursion. It completed after ` +
      `${recursionsBeforeRead} of ${count(recursions, 'recursion')} (${percent(recursionsBeforeRead / recursions)}). ` +
      `A 5 ms timer was up to ${ms(timerMaxDelayMs)} late. ${verdict}`,
  };
}
