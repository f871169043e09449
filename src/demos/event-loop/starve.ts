import { open } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { EventLoopProbe } from '../evidence/event-loop-probe.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms, percent } from '../evidence/words.ts';

const ways = ['nextTick', 'microtask', 'immediate'] as const;

const resultSchema = z.strictObject({
  with: z.enum(ways),
  recursedMs: z.number(),
  recursions: z.number(),
  recursionsBeforeRead: z.number().describe('Recursions before the pending read was answered'),
  readMs: z.number().describe('How long the pending read took, the recursion going on'),
  quietReadMs: z.number().describe('How long the same read takes without it'),
  timerMaxDelayMs: z.number().describe('The longest time a 5 ms timer was late'),
});
type Result = z.infer<typeof resultSchema>;

/** What calls the next step, in each way. */
const schedule = {
  nextTick: (next: () => void) => process.nextTick(next),
  microtask: (next: () => void) => queueMicrotask(next),
  immediate: (next: () => void) => void setImmediate(next),
} as const;

export const starve = demoRoute({
  method: 'get',
  path: '/starve',
  summary:
    'A function that calls itself again by nextTick, microtask or setImmediate while a file read is pending.',
  teaches:
    'nextTick and microtasks run until their queues are empty, and one that adds another keeps the event loop from ever ' +
    'going on; setImmediate lets it turn in between.',
  query: z.object({
    with: oneOf('How it calls itself again', ways),
    ms: wholeNumber('How long it goes on', { min: 20, max: 1_000, default: 150 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'nextTick keeps I/O waiting', query: { with: 'nextTick', as: 'text' } },
    { title: 'So do microtasks', query: { with: 'microtask', as: 'text' } },
    { title: 'setImmediate does not', query: { with: 'immediate', as: 'text' } },
  ],
  contrasts: ways.map((way) => `event-loop/starve?with=${way}`),
  async run({ query, signal, timeline, tools }) {
    const file = await open(fileURLToPath(import.meta.url));
    try {
      const read = async () => {
        const end = timeline.begin('read', 'file');
        const startedAt = performance.now();
        await file.read(Buffer.alloc(1_024), 0, 1_024, 0);
        end();
        return performance.now() - startedAt;
      };
      const observed = await tools.budgets.poolTasks.use(1, signal, async () => {
        await read(); // the first read of a process is slower
        const quietReadMs = Math.min(await read(), await read(), await read());
        const probe = new EventLoopProbe();
        const recursion = new Recursion(query.with, query.ms, signal);
        const reading = read().then((readMs) => ({ readMs, recursionsBeforeRead: recursion.count }));
        const end = timeline.begin(`recursion by ${query.with}`, 'event loop');
        const recursedMs = await recursion.run();
        end();
        return {
          quietReadMs,
          recursedMs,
          ...(await reading),
          recursions: recursion.count,
          felt: probe.stop(),
        };
      });
      const result = {
        with: query.with,
        recursedMs: toMicroseconds(observed.recursedMs),
        recursions: observed.recursions,
        recursionsBeforeRead: observed.recursionsBeforeRead,
        readMs: toMicroseconds(observed.readMs),
        quietReadMs: toMicroseconds(observed.quietReadMs),
        timerMaxDelayMs: observed.felt.maxDelayMs,
      };
      return { result, lesson: conclude(result) };
    } finally {
      await file.close();
    }
  },
});

/** A function that has itself called again for so long. */
class Recursion {
  count = 0;
  readonly #again: (next: () => void) => void;
  readonly #durationMs: number;
  readonly #signal: AbortSignal;

  constructor(way: keyof typeof schedule, durationMs: number, signal: AbortSignal) {
    this.#again = schedule[way];
    this.#durationMs = durationMs;
    this.#signal = signal;
  }

  /** @returns how long it went on */
  run(): Promise<number> {
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const step = () => {
        this.count += 1;
        const elapsedMs = performance.now() - startedAt;
        if (elapsedMs < this.#durationMs && !this.#signal.aborted) this.#again(step);
        else resolve(elapsedMs);
      };
      step();
    });
  }
}

function conclude(seen: Result): string {
  const { recursedMs, recursions, recursionsBeforeRead, readMs, quietReadMs, timerMaxDelayMs } = seen;
  const read = `The pending read took ${ms(readMs)}, where it takes ${ms(quietReadMs)} without the recursion`;
  const when = `it was answered after ${recursionsBeforeRead} of ${count(recursions, 'recursion')} (${percent(recursionsBeforeRead / recursions)})`;
  const timer = `a 5 ms timer was up to ${ms(timerMaxDelayMs)} late`;
  return readMs > recursedMs / 2
    ? `${read}: ${when}, for ${seen.with} did not let the event loop go on before its ${ms(recursedMs)} were over; ${timer}.`
    : `${read}: ${when}, for ${seen.with} let the event loop turn in between; ${timer}, though the process was busy all the ${ms(recursedMs)}.`;
}
