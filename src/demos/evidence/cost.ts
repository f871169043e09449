import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { EventLoopProbe } from './event-loop-probe.ts';
import { toMicroseconds } from './timeline.ts';

/**
 * What a demo cost this process while it ran. Whatever else the process did at that time is in it, for CPU time and
 * memory belong to processes and not to requests.
 */
export const costSchema = z.strictObject({
  elapsedMs: z.number(),
  cpuMs: z.number(),
  eventLoop: z.strictObject({ utilization: z.number(), maxDelayMs: z.number() }),
  rssDeltaBytes: z.number(),
});
export type Cost = z.infer<typeof costSchema>;

/** Begins to measure. @returns a function that ends it */
export function measureCost(): () => Cost {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const rss = process.memoryUsage.rss();
  const utilization = performance.eventLoopUtilization();
  const probe = new EventLoopProbe();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return {
      elapsedMs: toMicroseconds(performance.now() - startedAt),
      cpuMs: toMicroseconds((user + system) / 1000),
      eventLoop: {
        utilization: toMicroseconds(performance.eventLoopUtilization(utilization).utilization),
        maxDelayMs: probe.stop().maxDelayMs,
      },
      rssDeltaBytes: process.memoryUsage.rss() - rss,
    };
  };
}
