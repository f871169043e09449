import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { childrenCpuMs } from './children-cpu.ts';
import { EventLoopProbe } from './event-loop-probe.ts';
import { toMicroseconds } from './timeline.ts';

/**
 * What a demo cost. It includes everything else that the process did in this time, because the system accounts CPU time
 * and memory per process, not per request.
 */
export const costSchema = z.strictObject({
  elapsedMs: z.number(),
  cpuMs: z.number().describe('CPU time of all threads of this process, without its child processes'),
  childrenCpuMs: z
    .number()
    .optional()
    .describe('CPU time of the child processes that ended in this time, in steps of 10 ms (Linux only)'),
  eventLoop: z.strictObject({ utilization: z.number(), maxDelayMs: z.number() }),
  rssDeltaBytes: z.number(),
  shared: z
    .number()
    .optional()
    .describe('How many other demos ran in this worker in the meantime; absent if none'),
});
export type Cost = z.infer<typeof costSchema>;

/** Starts to measure. @returns a function that stops and returns the cost */
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
