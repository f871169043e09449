import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ms, percent } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';

/** Below the shutdown deadline, so that a shutdown aborts none. */
const MAX_DELAY_MS = 9_000;
const expected = `must be a whole number from 0 to ${MAX_DELAY_MS}`;

export const delayRoute = demoRoute({
  method: 'get',
  path: '/delay/:ms',
  title: 'Delay a response',
  summary: 'Responds after `ms` milliseconds and measures the CPU time of the wait.',
  teaches:
    'Waiting on a timer or socket uses no thread and almost no CPU time, but the request keeps its socket, memory and ' +
    'in-flight slot. When the client disconnects, the timer is canceled.',
  params: z.object({
    ms: z
      .string()
      .regex(/^\d{1,5}$/, { error: expected })
      .transform(Number)
      .pipe(z.number().max(MAX_DELAY_MS, { error: expected }))
      .describe(`Milliseconds to wait, from 0 to ${MAX_DELAY_MS}`),
  }),
  result: z.strictObject({
    askedMs: z.number(),
    waitedMs: z.number(),
    lateMs: z.number(),
    cpuMs: z.number().describe('CPU time of the whole process during the wait, other requests included'),
  }),
  examples: [{ title: 'Half a second', params: { ms: 500 }, query: { as: 'text' } }],
  contrasts: ['event-loop/block', 'cpu/inline'],
  async run({ params, signal, timeline }) {
    const cpu = process.cpuUsage();
    const startMs = timeline.now();
    await sleep(params.ms, undefined, { signal });
    const span = timeline.add('wait', 'timer', startMs, timeline.now());
    const { user, system } = process.cpuUsage(cpu);
    const waitedMs = toMicroseconds(span.endMs - span.startMs);
    const cpuMs = (user + system) / 1000;
    const share = cpuMs / Math.max(waitedMs, 1);
    return {
      result: { askedMs: params.ms, waitedMs, lateMs: toMicroseconds(waitedMs - params.ms), cpuMs },
      lesson: {
        headline: `Waiting ${ms(waitedMs)} used at most ${ms(cpuMs)} of CPU time`,
        text:
          `The requested delay was ${ms(params.ms)}. The CPU time is that of the whole process` +
          (share < 0.5
            ? `, ${percent(share)} of the wait: waiting did not occupy a core.`
            : '. Other requests were running, or the wait was too short to tell.'),
      },
    };
  },
});
