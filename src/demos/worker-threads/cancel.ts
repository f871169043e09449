import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';

const busyProgram = new URL('./busy-thread.ts', import.meta.url);

export const cancel = demoRoute({
  method: 'get',
  path: '/cancel',
  title: 'Terminate a busy thread',
  summary: 'Terminates a thread in a busy loop when an abort signal fires and measures how long that takes.',
  teaches:
    'A thread that never yields receives no message, but terminate() still ends it. The process keeps running.',
  query: z.object({
    afterMs: wholeNumber('When to abort, in milliseconds after the loop begins', {
      min: 1,
      max: 2_000,
      default: 200,
    }),
  }),
  result: z.strictObject({
    ranMs: z.number().describe('How long the loop had run when the signal fired'),
    endedAfterMs: z.number().describe('From the signal until the thread had ended'),
    threadsBefore: z.number(),
    threadsAfter: z.number(),
    eventLoopMaxDelayMs: z
      .number()
      .describe('The longest delay of a timer on the event loop of this process'),
  }),
  examples: [{ title: 'Terminate a busy loop', query: { as: 'text' } }],
  contrasts: ['cpu/inline'],
  async run({ query, signal, timeline, resources }) {
    const result = await resources.budgets.threads.use(1, signal, async () => {
      const threadsBefore = resources.threads.size;
      const abort = new AbortController();
      const probe = new EventLoopProbe();
      let busyAt = 0;
      let abortedAt = 0;
      await resources.threads
        .run(busyProgram, { signal: AbortSignal.any([signal, abort.signal]) }, async (thread) => {
          busyAt = (await nextMessage(thread)).atMs;
          await sleep(query.afterMs);
          abortedAt = performance.now();
          abort.abort(new Error('aborted by the demo'));
          await sleep(10_000, undefined, { ref: false }); // the abort ends this wait
        })
        .catch((error: unknown) => {
          if (!abort.signal.aborted) throw error;
        });
      const endedAt = performance.now();
      const zero = timeline.startedAt;
      timeline.add('busy loop', 'thread', busyAt - zero, abortedAt - zero);
      timeline.add('terminate', 'thread', abortedAt - zero, endedAt - zero);
      return {
        ranMs: toMicroseconds(abortedAt - busyAt),
        endedAfterMs: toMicroseconds(endedAt - abortedAt),
        threadsBefore,
        threadsAfter: resources.threads.size,
        eventLoopMaxDelayMs: probe.stop().maxDelayMs,
      };
    });
    return {
      result,
      lesson: {
        headline: `A busy thread ended ${ms(result.endedAfterMs)} after the abort signal`,
        text:
          `A loop that never yields ran for ${ms(result.ranMs)}, and its thread ended ${ms(result.endedAfterMs)} after the ` +
          `signal. During the run, a timer on the event loop of this process was at most ${ms(result.eventLoopMaxDelayMs)} late.`,
      },
    };
  },
});
