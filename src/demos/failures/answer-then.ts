import type { Response } from 'express';
import process from 'node:process';
import { z } from 'zod';
import type { DemoCall, Lesson, Observation } from '../kit/demo.ts';
import { findManagement } from '../kit/management-address.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import type { Outcome } from './outcomes.ts';

/** Long enough for the response to be sent. */
const AFTER_RESPONSE_MS = 50;

export const announcementSchema = z.strictObject({
  worker: z.strictObject({ pid: z.number() }),
  willHappen: z.string(),
  watch: z.array(z.string()).describe('Where to observe it'),
});

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
  const watch = [
    ...(await watchWorkers(resources, signal)),
    ...(clustered ? evidence.cluster : evidence.standalone),
  ];
  afterResponse(res, act);
  const willHappen = `Process ${pid} will ${action}. ${effect}`;
  return {
    result: { worker: { pid }, willHappen, watch },
    lesson: conclude(pid, willHappen, outcome, clustered),
  };
}

/** The command that shows all workers; none if there is no management port. */
export async function watchWorkers(resources: DemoResources, signal: AbortSignal): Promise<string[]> {
  const management = await findManagement(resources, signal);
  return management === undefined ? [] : [`curl -s ${management}/workers`];
}

/** Acts outside of the request. */
function afterResponse(res: Response, act: () => void): void {
  res.once('finish', () => setTimeout(act, AFTER_RESPONSE_MS));
}

function conclude(pid: number, willHappen: string, { exits, headline }: Outcome, clustered: boolean): Lesson {
  if (!exits) return { headline: `Process ${pid} will not exit`, text: willHappen };
  return clustered
    ? {
        headline: headline ?? `Process ${pid} will exit, and the primary will replace it`,
        text: `${willHappen} The primary starts a replacement.`,
      }
    : {
        headline: `Process ${pid} will exit, and nothing will replace it`,
        text: `${willHappen} There is no cluster: the service is down until something starts it again.`,
      };
}
