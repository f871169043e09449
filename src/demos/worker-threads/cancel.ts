import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { EventLoopProbe } from '../evidence/event-loop-probe.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { ms } from '../evidence/words.ts';
import { nextMessage } from '../work/thread.ts';

const busy = new URL('./busy.ts', import.meta.url);

export const cancel = demoRoute({
  method: 'get',
  path: '/cancel',
  summary: 'Ends a thread in a busy loop by an abort signal and measures how long that takes.',
  teaches:
    'A thread that never yields hears no message, but it can be ended from outside; the process goes on.',
  query: z.object({
    afterMs: wholeNumber('When the signal is given', { min: 1, max: 2_000, default: 200 }),
  }),
  result: z.strictObject({
    ranMs: z.number().describe('How long the loop had run when the signal was given'),
    endedAfterMs: z.number().describe('From the signal to the end of the thread'),
    threadsBefore: z.number(),
    threadsAfter: z.number(),
    eventLoopMaxDelayMs: z.number().describe('What the event loop of this process felt meanwhile'),
  }),
  examples: [{ title: 'End a busy loop', query: { as: 'text' } }],
  contrasts: ['cpu/inline'],
  async run({ query, signal, timeline, tools }) {
    const result = await tools.budgets.threads.use(1, signal, async () => {
      const threadsBefore = tools.threads.size;
      const abort = new AbortController();
      const probe = new EventLoopProbe();
      let busyAt = 0;
      let abortedAt = 0;
      await tools.threads
        .run(busy, { signal: AbortSignal.any([signal, abort.signal]) }, async (thread) => {
          busyAt = (await nextMessage(thread)).atMs;
          await sleep(query.afterMs);
          abortedAt = performance.now();
          abort.abort(new Error('enough'));
          await sleep(10_000, undefined, { ref: false }); // the abort wins
        })
        .catch((error: unknown) => {
          if (!abort.signal.aborted) throw error;
        });
      const endedAt = performance.now();
      const zero = timeline.startedAt;
      timeline.add('busy loop', 'thread', busyAt - zero, abortedAt - zero);
      timeline.add('being ended', 'thread', abortedAt - zero, endedAt - zero);
      return {
        ranMs: toMicroseconds(abortedAt - busyAt),
        endedAfterMs: toMicroseconds(endedAt - abortedAt),
        threadsBefore,
        threadsAfter: tools.threads.size,
        eventLoopMaxDelayMs: probe.stop().maxDelayMs,
      };
    });
    return {
      result,
      lesson:
        `A loop that never yields ran ${ms(result.ranMs)} and was over ${ms(result.endedAfterMs)} after the signal; ` +
        `the event loop of this process was at most ${ms(result.eventLoopMaxDelayMs)} late meanwhile.`,
    };
  },
});
