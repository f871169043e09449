import { setImmediate as nextIteration } from 'node:timers/promises';
import { z } from 'zod';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { places, type Job, type PlaceName } from './places.ts';

export const jobSchema = z.strictObject({
  primes: z.number(),
  ranMs: z.number().describe('How long the job itself ran'),
  queuedMs: z.number().describe('From the request for the job until there was room for it'),
  startUpMs: z.number().describe('Time to start the thread or process'),
  handOverMs: z.number().describe('From the end of the job until its result was received'),
  elapsedMs: z.number().describe('The sum of these times'),
  heapBytes: z.number().optional().describe('The heap of a new thread'),
  privateBytes: z.number().optional().describe('The memory that a child shares with no other process'),
  callMs: z.number().optional().describe('How long the call that started a process blocked the event loop'),
  eventLoop: z.strictObject({
    ticks: z.number(),
    expectedTicks: z.number(),
    maxDelayMs: z.number(),
    meanDelayMs: z.number(),
  }),
  slices: z.number().optional().describe('Number of slices, if the job was divided'),
  nextJobMs: z.number().optional().describe('Duration of a second, empty job in the same child'),
});
export type JobResult = z.infer<typeof jobSchema>;

/** Runs the job in one place while a timer on the event loop measures its own delays. */
export async function measureJob(place: PlaceName, job: Job, timeline: Timeline): Promise<JobResult> {
  const { lane, run } = places[place];
  const probe = new EventLoopProbe();
  try {
    await nextIteration(); // so that the probe's timer is due while the job runs
    const requestedAt = monotonicMs();
    const zero = requestedAt - timeline.now();
    const placeRun = await run(job);
    const eventLoop = probe.stop();
    const { primes, admittedAt, startedAt, endedAt, receivedAt, newlyStarted } = placeRun;
    const { readyAt = startedAt } = placeRun;
    const startUpMs = newlyStarted ? Math.max(0, readyAt - admittedAt) : 0;
    const inQueueMs = Math.max(0, startedAt - admittedAt - startUpMs);
    if (startedAt - requestedAt > 1) {
      const label = newlyStarted ? 'startup' : 'queue';
      timeline.add(`${place}: ${label}`, lane, requestedAt - zero, startedAt - zero);
    }
    timeline.add(`${place}: count`, lane, startedAt - zero, endedAt - zero);
    if (receivedAt - endedAt > 1) {
      timeline.add(`${place}: hand over`, lane, endedAt - zero, receivedAt - zero);
    }
    const { slices, nextJobMs, callMs, heapBytes, privateBytes } = placeRun;
    return {
      primes,
      ranMs: toMicroseconds(endedAt - startedAt),
      queuedMs: toMicroseconds(Math.max(0, admittedAt - requestedAt) + inQueueMs),
      startUpMs: toMicroseconds(startUpMs),
      handOverMs: toMicroseconds(Math.max(0, receivedAt - endedAt)),
      elapsedMs: toMicroseconds(receivedAt - requestedAt),
      ...(heapBytes === undefined ? {} : { heapBytes }),
      ...(privateBytes === undefined ? {} : { privateBytes }),
      ...(callMs === undefined ? {} : { callMs: toMicroseconds(callMs) }),
      eventLoop,
      ...(slices === undefined ? {} : { slices }),
      ...(nextJobMs === undefined ? {} : { nextJobMs: toMicroseconds(nextJobMs) }),
    };
  } finally {
    probe.stop();
  }
}
