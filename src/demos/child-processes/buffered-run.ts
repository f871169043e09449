import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import type { DemoCall } from '../kit/demo.ts';
import { ms } from '../kit/answer/units.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { withChild } from '../kit/resources/with-child.ts';
import { endSchema, parseReport } from './child-report.ts';

/** When the output arrived and how the program ended. */
export const bufferedSchema = {
  printedMs: z.number().describe('When the program printed, by its own clock'),
  firstOutputMs: z.number().describe('When the callback received the output'),
  endedMs: z.number().describe('When the program had exited'),
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
  const startedAt = monotonicMs();
  const started = start((error, output) => {
    called.resolve({ error, output, outputMs: toMicroseconds(monotonicMs() - startedAt) });
  });
  const exited = once(started, 'exit').then(() => toMicroseconds(monotonicMs() - startedAt));
  exited.catch(() => undefined); // if it cannot start, the callback receives the error
  return withChild(resources.children.watch(started, { signal, leadsGroup: false }), async (child) => {
    const { error, output, outputMs } = await called.promise;
    const { code: exitCode, signal: endSignal } = await child.exited;
    signal.throwIfAborted();
    if (error !== null) throw error;
    const { printedAt } = parseReport(output.split('\n', 1)[0] ?? '');
    const end = {
      printedMs: toMicroseconds(printedAt - startedAt),
      firstOutputMs: outputMs,
      endedMs: await exited,
      exitCode,
      signal: endSignal,
    };
    return { pid: child.pid, output, end };
  });
}

/** How long the output waited for the end of the program, from the figures. */
export function describeBuffering({
  printedMs,
  firstOutputMs,
  endedMs,
}: Readonly<Record<'printedMs' | 'firstOutputMs' | 'endedMs', number>>): string {
  const waitedMs = firstOutputMs - printedMs;
  return (
    `The program printed after ${ms(printedMs)}, and the callback received the output ${ms(waitedMs)} later` +
    (waitedMs > (endedMs - printedMs) / 2
      ? ': only when the program had ended.'
      : ', while the program still ran.')
  );
}
