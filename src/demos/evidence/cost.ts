import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { childrenCpuMs } from './children-cpu.ts';
import { EventLoopProbe } from './event-loop-probe.ts';
import { toMicroseconds } from './timeline.ts';

/**
 * What a demo cost this process while it ran. Whatever else the process did at that time is in it, for CPU time and
 * memory belong to processes and not to requests.
 */
export const costSchema = z.strictObject({
  elapsedMs: z.number(),
  cpuMs: z.number().describe('CPU time of this process with all its threads, and without its children'),
  childrenCpuMs: z
    .number()
    .optional()
    .describe(
      'CPU time of its children that ended meanwhile, to 10 ms; left out where the system is not Linux',
    ),
  eventLoop: z.strictObject({ utilization: z.number(), maxDelayMs: z.number() }),
  rssDeltaBytes: z.number(),
});
export type Cost = z.infer<typeof costSchema>;

/** Begins to measure. @returns a function that ends it */
export function measureCost(): () => Cost {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const childrenBefore = childrenCpuMs();
  const rss = process.memoryUsage.rss();
  const utilization = performance.eventLoopUtilization();
  const probe = new EventLoopProbe();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const childrenAfter = childrenCpuMs();
    return {
      elapsedMs: toMicroseconds(performance.now() - startedAt),
      cpuMs: toMicroseconds((user + system) / 1000),
      ...(childrenBefore === undefined || childrenAfter === undefined
        ? {}
        : { childrenCpuMs: childrenAfter - childrenBefore }),
      eventLoop: {
        utilization: toMicroseconds(performance.eventLoopUtilization(utilization).utilization),
        maxDelayMs: probe.stop().maxDelayMs,
      },
      rssDeltaBytes: process.memoryUsage.rss() - rss,
    };
  };
}
