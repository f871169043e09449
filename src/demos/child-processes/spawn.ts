import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { z } from 'zod';
import { bytes, count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { stdoutOf } from '../kit/resources/with-child.ts';
import { endSchema, hasShell } from './child-report.ts';

const program = new URL('./lines-child.ts', import.meta.url);

export const spawnRoute = demoRoute({
  method: 'get',
  path: '/spawn',
  title: 'Read output line by line',
  summary: 'Runs a program and reads its output line by line while it runs.',
  teaches:
    'spawn streams: the first line arrives before the program ends, however much it prints. Only the spawn call ' +
    'blocks the event loop. On Linux it forks, which takes longer the more memory this process uses.',
  query: z.object({
    lines: wholeNumber('Lines to print', { min: 1, max: 100_000, default: 5_000 }),
    megabytes: wholeNumber('Memory in MB that this process allocates before the call', {
      min: 0,
      max: 128,
      default: 0,
    }),
  }),
  result: z.strictObject({
    lines: z.number(),
    shell: z.boolean(),
    rssBytes: z.number().describe('Memory of this process at the call'),
    callMs: z.number().describe('How long the call blocked the event loop'),
    firstOutputMs: z.number(),
    endedMs: z.number(),
    ...endSchema,
  }),
  examples: [
    { title: 'Read while it runs', query: { as: 'text' } },
    { title: 'From a larger process', query: { megabytes: 128, as: 'text' } },
  ],
  contrasts: ['child-processes/spawn?megabytes=128', 'child-processes/exec-file', 'child-processes/fork'],
  async run({ query, signal, timeline, resources }) {
    const { budgets, children } = resources;
    const start = async () => {
      const ballast = await allocate(query.megabytes, signal);
      const rssBytes = process.memoryUsage.rss();
      const startMs = timeline.now();
      const child = children.startNode(program, { args: [String(query.lines), 'printer'], signal });
      const calledMs = timeline.now();
      ballast.length = 0;
      return { child, rssBytes, startMs, calledMs };
    };
    const result = await budgets.children.use(1, signal, async () => {
      const { child, rssBytes, startMs, calledMs } = await (query.megabytes === 0
        ? start()
        : budgets.megabytes.use(query.megabytes, signal, start));
      let lines = 0;
      let firstMs = 0;
      let parentPid = process.pid;
      const output = createInterface({ input: stdoutOf(child) });
      output.on('line', (line) => {
        if (lines === 0) {
          firstMs = timeline.now();
          parentPid = Number(/child of (\d+)$/.exec(line)?.[1]);
        }
        lines += 1;
      });
      await once(output, 'close');
      const { code, signal: endSignal } = await child.exited;
      signal.throwIfAborted();
      const endMs = timeline.now();
      timeline.add('spawn()', 'event loop', startMs, calledMs);
      timeline.add('startup', 'child', calledMs, firstMs);
      timeline.add(count(lines, 'line'), 'child', firstMs, endMs);
      return {
        lines,
        shell: hasShell({ parentPid }),
        rssBytes,
        callMs: toMicroseconds(calledMs - startMs),
        firstOutputMs: toMicroseconds(firstMs - startMs),
        endedMs: toMicroseconds(endMs - startMs),
        exitCode: code,
        signal: endSignal,
      };
    });
    return {
      result,
      lesson: {
        headline: `spawn() blocked every other request for ${ms(result.callMs)}`,
        text:
          `spawn() blocked the event loop, and so every other request of this worker, for ${ms(result.callMs)}, in a process ` +
          `with ${bytes(result.rssBytes)} of memory. The first of ${count(result.lines, 'line')} arrived after ${ms(result.firstOutputMs)}, and the program ended after ${ms(result.endedMs)}: the output streams.`,
      },
    };
  },
});

/** Allocates memory and writes to each page, one megabyte per iteration so that the event loop stays responsive. */
async function allocate(megabytes: number, signal: AbortSignal): Promise<Buffer[]> {
  const ballast: Buffer[] = [];
  while (ballast.length < megabytes) {
    ballast.push(Buffer.alloc(1_000_000, 1));
    await nextIteration();
    signal.throwIfAborted();
  }
  return ballast;
}
