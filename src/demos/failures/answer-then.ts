import type { Response } from 'express';
import process from 'node:process';
import { z } from 'zod';
import type { DemoCall, Lesson, Observation } from '../kit/demo.ts';
import { count, ms } from '../kit/answer/units.ts';
import { fetchClusterView } from '../kit/cluster-view.ts';
import type { ClusterView } from '../../supervision/supervision.ts';
import type { Outcome } from './outcomes.ts';

/** Long enough for the response to be sent. */
const AFTER_RESPONSE_MS = 50;

export const announcementSchema = z.strictObject({
  worker: z.strictObject({ pid: z.number() }),
  willHappen: z.string(),
  watch: z.array(z.string()).describe('Where to observe it'),
  cluster: z
    .strictObject({
      othersReady: z.number().describe('Other workers that serve until the replacement is ready'),
      lastStartMs: z.number().nullable().describe('How long the last start of a worker took'),
      lastCrash: z
        .strictObject({
          code: z.number().nullable(),
          signal: z.string().nullable(),
          replacedAfterMs: z.number(),
        })
        .nullable()
        .describe('The last worker that crashed and was replaced'),
    })
    .optional()
    .describe('What the primary has measured so far'),
});
type Announcement = z.infer<typeof announcementSchema>;

/**
 * Responds with what will happen and where to observe it, then acts.
 *
 * @param action what this process will do: "exit at once"
 */
export async function answerThen(
  { res, resources, signal }: Pick<DemoCall<never, never, never>, 'res' | 'resources' | 'signal'>,
  action: string,
  outcome: Outcome,
  act: () => void,
): Promise<Observation<z.infer<typeof announcementSchema>>> {
  const { pid } = process;
  const { effect, evidence } = outcome;
  const { clustered } = resources.dependencies;
  const found = await fetchClusterView(resources, signal);
  const watch = [
    ...(found === undefined ? [] : [`curl -s ${found.url}`]),
    ...(clustered ? evidence.cluster : evidence.standalone),
  ];
  afterResponse(res, act);
  const willHappen = `Process ${pid} will ${action}. ${effect}`;
  const cluster = clustered && found !== undefined ? { cluster: summarize(found.view, pid) } : {};
  const result = { worker: { pid }, willHappen, watch, ...cluster };
  return { result, lesson: conclude(result, outcome, clustered) };
}

/** What is known of the cost: how long a start takes here, and what became of the last worker that crashed. */
export function summarize({ workers, events }: ClusterView, pid: number): Announcement['cluster'] {
  const starts = events.flatMap(({ event, afterMs }) =>
    event === 'ready' && typeof afterMs === 'number' ? [afterMs] : [],
  );
  const replacement = events.findLast(({ event }) => event === 'replaced');
  const crash = events.findLast(
    ({ event, worker }) => event === 'crashed' && worker === replacement?.replacedWorker,
  );
  const [code, signal] = [crash?.code, crash?.signal];
  return {
    othersReady: workers.filter((worker) => worker.state === 'ready' && worker.pid !== pid).length,
    lastStartMs: starts.at(-1) ?? null,
    lastCrash:
      crash === undefined
        ? null
        : {
            code: typeof code === 'number' ? code : null,
            signal: typeof signal === 'string' ? signal : null,
            replacedAfterMs: Number(replacement?.afterMs),
          },
  };
}

/** Acts outside of the request. */
function afterResponse(res: Response, act: () => void): void {
  res.once('finish', () => setTimeout(act, AFTER_RESPONSE_MS));
}

function conclude(
  { worker: { pid }, willHappen, cluster }: Announcement,
  { exits, headline }: Outcome,
  clustered: boolean,
): Lesson {
  if (!exits) return { headline: `Process ${pid} will not exit`, text: willHappen };
  return clustered
    ? {
        headline: headline ?? `Process ${pid} will exit, and the primary will replace it`,
        text: `${willHappen} ${describeReplacement(cluster)}`,
      }
    : {
        headline: `Process ${pid} will exit, and nothing will replace it`,
        text: `${willHappen} There is no cluster: the service is down until something starts it again.`,
      };
}

function describeReplacement(cluster: Announcement['cluster']): string {
  if (cluster === undefined) return 'The primary starts a replacement.';
  const { othersReady, lastStartMs, lastCrash } = cluster;
  const took = lastStartMs === null ? '' : `, and the last start of a worker took ${ms(lastStartMs)}`;
  const others =
    othersReady === 0 ? 'No other worker serves' : `${count(othersReady, 'other worker')} can serve`;
  const crash =
    lastCrash === null
      ? 'No worker has crashed and been replaced yet.'
      : `The last worker that crashed (${lastCrash.signal ?? `code ${lastCrash.code ?? 'unknown'}`}) was replaced after ${ms(lastCrash.replacedAfterMs)}.`;
  return `${others} until the primary has replaced it${took}. ${crash}`;
}
