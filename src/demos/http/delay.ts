import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { ms, percent } from '../evidence/words.ts';

/** Less than a stop may take, so that a drain cuts none short. */
const MAX_DELAY_MS = 9_000;
const expected = `must be a whole number from 0 to ${MAX_DELAY_MS}`;

export const delayRoute = demoRoute({
  method: 'get',
  path: '/delay/:ms',
  summary: 'Answers after a while, and measures what the waiting cost.',
  teaches:
    'Waiting is free in Node.js: it is a timer or a descriptor in a list, no thread. A client that leaves ends its timer with it.',
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
    cpuMs: z.number().describe('CPU time of the whole process meanwhile, other requests included'),
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
      lesson:
        `It waited ${ms(waitedMs)} where ${ms(params.ms)} were asked for, and the whole process used ${ms(cpuMs)} of CPU time meanwhile` +
        (share < 0.5
          ? `, ${percent(share)} of that time: waiting held nobody up.`
          : ': others were at work, or the wait was too short to tell.'),
    };
  },
});
