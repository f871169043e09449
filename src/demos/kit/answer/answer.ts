import cluster from 'node:cluster';
import process from 'node:process';
import { threadId } from 'node:worker_threads';
import { z } from 'zod';
import { costSchema } from '../measure/cost.ts';
import { spanSchema } from '../measure/timeline.ts';

/** The shape of every JSON response of a demo. */
export function answerSchema<R extends z.ZodType>(result: R) {
  return z.strictObject({
    demo: z.string().describe('The demo and its route'),
    ranOn: z
      .strictObject({
        pid: z.number(),
        worker: z.number().describe('The id in the cluster; 0 without a cluster'),
        threadId: z.number(),
        node: z.string(),
      })
      .describe('Where this ran'),
    result,
    timeline: z.array(spanSchema).optional().describe('Spans to draw, relative to the start of the request'),
    moreSpans: z.number().optional().describe('Spans that were measured but are not in the timeline'),
    cost: costSchema.describe('What it cost this process, and its child processes'),
    lesson: z
      .strictObject({
        headline: z.string().describe('At most 12 words'),
        text: z.string().min(20),
      })
      .describe('What this run shows, computed from its figures'),
    compareWith: z.array(z.string()).describe('Commands that run the contrasting routes'),
  });
}

export type Answer = z.infer<ReturnType<typeof answerSchema<z.ZodUnknown>>>;

export function ranOn(): Answer['ranOn'] {
  return { pid: process.pid, worker: cluster.worker?.id ?? 0, threadId, node: process.version };
}
