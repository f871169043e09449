import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { EventLoopProbe } from '../evidence/event-loop-probe.ts';
import { monotonicMs } from '../evidence/monotonic.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { places, type Job, type PlaceName } from './places.ts';

export const jobSchema = z.strictObject({
  primes: z.number(),
  ranMs: z.number().describe('How long the job itself ran'),
  queuedMs: z.number().describe('From asking for it to there being room for it'),
  startUpMs: z.number().describe('What starting a thread or a process for it took'),
  handOverMs: z.number().describe('From its end to the answer being here'),
  elapsedMs: z.number().describe('All of that together'),
  memoryBytes: z
    .number()
    .describe('Taken for it alone: the heap of a new thread, the resident set of a child; 0 without one'),
  eventLoop: z.strictObject({
    ticks: z.number(),
    expectedTicks: z.number(),
    maxDelayMs: z.number(),
    meanDelayMs: z.number(),
  }),
  slices: z.number().optional().describe('Where the job was cut: in how many parts'),
  nextJobMs: z.number().optional().describe('What a second, empty job of the same child took'),
});
export type JobResult = z.infer<typeof jobSchema>;

/** Runs the job in one place while a timer of the event loop notes how late it is. */
export async function measureJob(place: PlaceName, job: Job, timeline: Timeline): Promise<JobResult> {
  const { lane, run } = places[place];
  const probe = new EventLoopProbe();
  try {
    await nextTurn(); // so that the probe's timer is due while the job runs
    const askedAt = monotonicMs();
    const zero = askedAt - timeline.now();
    const seen = await run(job);
    const eventLoop = probe.stop();
    const { primes, admittedAt, startedAt, endedAt, answeredAt, startedAnew, memoryBytes } = seen;
    const toStartMs = Math.max(0, startedAt - admittedAt);
    if (startedAt - askedAt > 1) {
      timeline.add(`${place}: ${startedAnew ? 'start-up' : 'queue'}`, lane, askedAt - zero, startedAt - zero);
    }
    timeline.add(`${place}: count`, lane, startedAt - zero, endedAt - zero);
    if (answeredAt - endedAt > 1) {
      timeline.add(`${place}: hand over`, lane, endedAt - zero, answeredAt - zero);
    }
    return {
      primes,
      ranMs: toMicroseconds(endedAt - startedAt),
      queuedMs: toMicroseconds(Math.max(0, admittedAt - askedAt) + (startedAnew ? 0 : toStartMs)),
      startUpMs: toMicroseconds(startedAnew ? toStartMs : 0),
      handOverMs: toMicroseconds(Math.max(0, answeredAt - endedAt)),
      elapsedMs: toMicroseconds(answeredAt - askedAt),
      memoryBytes,
      eventLoop,
      ...(seen.slices === undefined ? {} : { slices: seen.slices }),
      ...(seen.nextJobMs === undefined ? {} : { nextJobMs: toMicroseconds(seen.nextJobMs) }),
    };
  } finally {
    probe.stop();
  }
}
