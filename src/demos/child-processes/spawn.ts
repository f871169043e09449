import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';
import { outputOf } from '../work/lend-child.ts';
import { endSchema } from './child-report.ts';

const lines = new URL('./lines.ts', import.meta.url);

export const spawnRoute = demoRoute({
  method: 'get',
  path: '/spawn',
  summary: 'Runs a program and reads its output line by line as it comes.',
  teaches: 'Streamed: the first line is here long before the program ends, however much it prints.',
  query: z.object({ lines: wholeNumber('Lines to print', { min: 1, max: 100_000, default: 5_000 }) }),
  result: z.strictObject({
    lines: z.number(),
    shell: z.boolean(),
    firstOutputMs: z.number(),
    endedMs: z.number(),
    ...endSchema,
  }),
  examples: [{ title: 'Read as it comes', query: { as: 'text' } }],
  contrasts: ['child-processes/exec-file', 'child-processes/fork'],
  async run({ query, signal, timeline, tools }) {
    const result = await tools.budgets.children.use(1, signal, async () => {
      const startMs = timeline.now();
      const child = tools.children.startNode(lines, { args: [String(query.lines), 'printer'], signal });
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
      timeline.add('start-up', 'child', startMs, firstMs);
      timeline.add(count(seen, 'line'), 'child', firstMs, endMs);
      return {
        lines: seen,
        shell: false,
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
        `${ms(result.endedMs - result.firstOutputMs)} before the program had ended.`,
    };
  },
});
