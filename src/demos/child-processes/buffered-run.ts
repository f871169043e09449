import type { ChildProcess } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import type { DemoCall } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { withChild } from '../kit/resources/with-child.ts';
import { endSchema } from './child-report.ts';

/** When the output arrived and how the program ended. */
export const bufferedSchema = {
  firstOutputMs: z.number().describe('Until the callback received the output: all of it, at the end'),
  endedMs: z.number(),
  ...endSchema,
};

type Callback = (error: Error | null, stdout: string) => void;
type Call = Pick<DemoCall<never, never, never>, 'signal' | 'resources'>;

/**
 * Runs a short program whose whole output `exec` or `execFile` passes to a callback. Neither creates a process group:
 * descendants of a longer program could outlive it.
 *
 * @param start calls `exec` or `execFile`
 * @throws if the program cannot start or ends with another code than 0
 */
export async function runBuffered(start: (callback: Callback) => ChildProcess, { signal, resources }: Call) {
  const called = Promise.withResolvers<{ error: Error | null; output: string; outputMs: number }>();
  const startedAt = performance.now();
  const started = start((error, output) => {
    called.resolve({ error, output, outputMs: toMicroseconds(performance.now() - startedAt) });
  });
  return withChild(resources.children.watch(started, { signal, leadsGroup: false }), async (child) => {
    const { error, output, outputMs } = await called.promise;
    const { code: exitCode, signal: endSignal } = await child.exited;
    signal.throwIfAborted();
    if (error !== null) throw error;
    const end = { firstOutputMs: outputMs, endedMs: outputMs, exitCode, signal: endSignal };
    return { pid: child.pid, output, end };
  });
}
