import type { Response } from 'express';
import process from 'node:process';
import type { DemoCall } from '../demo.ts';
import { findManagement } from '../work/management.ts';
import type { Tools } from '../work/tools.ts';
import type { Course } from './courses.ts';

/** Long enough for the answer to be on its way. */
const AFTER_ANSWER_MS = 50;

/** Says what will happen and where to watch it, and has it happen afterwards. */
export async function announce(
  { res, tools, signal }: Pick<DemoCall<never, never, never>, 'res' | 'tools' | 'signal'>,
  { willDo, course, ends, seenIn }: Course & { readonly willDo: string },
  act: () => void,
) {
  const { clustered } = tools.dependencies;
  const watch = [...(await watchWorkers(tools, signal)), ...(clustered ? seenIn.cluster : seenIn.alone)];
  afterAnswer(res, act);
  const next = clustered
    ? '; the primary puts another worker in its place'
    : '; there is no cluster, so nobody takes its place: the service is gone until it is started again';
  return {
    result: { worker: { pid: process.pid }, willHappen: `${willDo}: ${course}`, watch },
    lesson: `Process ${process.pid} will ${willDo}: ${course}${ends ? next : ''}.`,
  };
}

/** The line that shows all workers; none where there is no management port. */
export async function watchWorkers(tools: Tools, signal: AbortSignal): Promise<string[]> {
  const management = await findManagement(tools, signal);
  return management === undefined ? [] : [`curl -s ${management}/workers`];
}

/** Does it outside of the request, when the answer is on its way. */
function afterAnswer(res: Response, act: () => void): void {
  res.once('finish', () => setTimeout(act, AFTER_ANSWER_MS));
}
