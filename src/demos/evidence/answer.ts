import cluster from 'node:cluster';
import process from 'node:process';
import { threadId } from 'node:worker_threads';
import { z } from 'zod';
import { costSchema } from './cost.ts';
import { spanSchema } from './timeline.ts';

/** The one shape of every JSON answer of a demo. */
export function answerSchema<R extends z.ZodType>(result: R) {
  return z.strictObject({
    demo: z.string().describe('The demo and its route'),
    ranOn: z
      .strictObject({
        pid: z.number(),
        worker: z.number().describe('The id in the cluster; 0 without one'),
        threadId: z.number(),
        node: z.string(),
      })
      .describe('Where this ran'),
    result,
    timeline: z.array(spanSchema).optional().describe('Spans to draw, relative to the start of the request'),
    moreSpans: z.number().optional().describe('Spans that were measured and are not in the timeline'),
    cost: costSchema.describe('What it cost this process, and its children by themselves'),
    lesson: z.string().min(20).describe('What was observed, computed from the figures of this run'),
    compareWith: z.array(z.string()).describe('Paths of the contrasting routes'),
  });
}

export type Answer = z.infer<ReturnType<typeof answerSchema<z.ZodUnknown>>>;

export function whereThisRan(): Answer['ranOn'] {
  return { pid: process.pid, worker: cluster.worker?.id ?? 0, threadId, node: process.version };
}
