import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, count, ms } from '../evidence/words.ts';
import { outputOf } from '../work/lend-child.ts';
import { endSchema } from './child-report.ts';

const lines = new URL('./lines.ts', import.meta.url);

export const spawnRoute = demoRoute({
  method: 'get',
  path: '/spawn',
  summary: 'Runs a program and reads its output line by line as it comes.',
  teaches:
    'Streamed: the first line is here long before the program ends, however much it prints. Only the call itself holds ' +
    'the event loop, and where it forks, the longer the more memory this process has.',
  query: z.object({
    lines: wholeNumber('Lines to print', { min: 1, max: 100_000, default: 5_000 }),
    megabytes: wholeNumber('Memory that this process holds more meanwhile', { min: 0, max: 128, default: 0 }),
  }),
  result: z.strictObject({
    lines: z.number(),
    shell: z.boolean(),
    rssBytes: z.number().describe('Memory of this process at the call'),
    callMs: z.number().describe('How long the call held the event loop'),
    firstOutputMs: z.number(),
    endedMs: z.number(),
    ...endSchema,
  }),
  examples: [
    { title: 'Read as it comes', query: { as: 'text' } },
    { title: 'By a process with more memory', query: { megabytes: 128, as: 'text' } },
  ],
  contrasts: ['child-processes/spawn?megabytes=128', 'child-processes/exec-file', 'child-processes/fork'],
  async run({ query, signal, timeline, tools }) {
    const { budgets, children } = tools;
    const start = async () => {
      const held = await hold(query.megabytes, signal);
      const rssBytes = process.memoryUsage.rss();
      const startMs = timeline.now();
      const child = children.startNode(lines, { args: [String(query.lines), 'printer'], signal });
      const calledMs = timeline.now();
      held.length = 0;
      return { child, rssBytes, startMs, calledMs };
    };
    const result = await budgets.children.use(1, signal, async () => {
      const { child, rssBytes, startMs, calledMs } = await (query.megabytes === 0
        ? start()
        : budgets.megabytes.use(query.megabytes, signal, start));
      let seen = 0;
      let firstMs = 0;
      const output = createInterface({ input: outputOf(child) });
      output.on('line', () => {
        if (seen === 0) firstMs = timeline.now();
        seen += 1;
      });
      await once(output, 'close');
      const { code, signal: endSignal } = await child.exited;
      signal.throwIfAborted();
      const endMs = timeline.now();
      timeline.add('spawn()', 'event loop', startMs, calledMs);
      timeline.add('start-up', 'child', calledMs, firstMs);
      timeline.add(count(seen, 'line'), 'child', firstMs, endMs);
      return {
        lines: seen,
        shell: false,
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
      lesson:
        `The first of ${count(result.lines, 'line')} was here ${ms(result.firstOutputMs)} after the start, ` +
        `${ms(result.endedMs - result.firstOutputMs)} before the program had ended. ` +
        `The call itself held the event loop for ${ms(result.callMs)}, with ${bytes(result.rssBytes)} of memory in this process.`,
    };
  },
});

/** Memory with something in each page; in turns of the loop, so that nobody waits for it. */
async function hold(megabytes: number, signal: AbortSignal): Promise<Buffer[]> {
  const held: Buffer[] = [];
  while (held.length < megabytes) {
    held.push(Buffer.alloc(1_000_000, 1));
    await nextTurn();
    signal.throwIfAborted();
  }
  return held;
}
