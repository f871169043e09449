import { z } from 'zod';

/** The health figures of a process. Times in milliseconds, sizes in bytes unless the name says otherwise. */
export const vitalsSchema = z.strictObject({
  uptimeS: z.number(),
  eventLoop: z.strictObject({
    utilization: z.number().describe('Share of the last window in which the event loop was busy, 0 to 1'),
    meanDelayMs: z.number().describe('How late timers were in the last window'),
    p99DelayMs: z.number(),
    maxDelayMs: z.number(),
  }),
  cpuPercent: z.number(),
  heapUsedBytes: z.number(),
  heapLimitBytes: z.number(),
  rssBytes: z.number(),
});

export type Vitals = Readonly<z.infer<typeof vitalsSchema>>;
