import { execFile } from 'node:child_process';
import process from 'node:process';
import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, ms } from '../evidence/words.ts';
import { minimalEnvironment, nodeArguments } from '../work/child.ts';
import { childReport, endSchema, parseReport } from './child-report.ts';

const report = new URL('./report.ts', import.meta.url);

export const execFileRoute = demoRoute({
  method: 'get',
  path: '/exec-file',
  summary: 'Runs a program without a shell and gives all its output at the end.',
  teaches:
    'Buffered: right for a short output. Arguments go to the program as they are, for no shell reads them.',
  result: z.strictObject({
    child: childReport,
    shell: z.boolean(),
    firstOutputMs: z.number(),
    endedMs: z.number(),
    ...endSchema,
  }),
  examples: [{ title: 'Run and read', query: { as: 'text' } }],
  contrasts: ['child-processes/exec', 'child-processes/spawn', 'child-processes/fork'],
  async run({ signal, timeline, tools }) {
    const result = await tools.budgets.children.use(1, signal, async () => {
      const startMs = timeline.now();
      const started = execFile(process.execPath, [...nodeArguments(report), '$(whoami); *'], {
        env: minimalEnvironment,
        maxBuffer: 64 * 1024,
      });
      const child = tools.children.watch(started, { signal, leadsGroup: false });
      let output = '';
      started.stdout?.on('data', (chunk: string) => {
        output += chunk;
      });
      const { code, signal: endSignal } = await child.exited;
      signal.throwIfAborted();
      const endMs = timeline.now();
      timeline.add('run, buffered', 'child', startMs, endMs);
      const elapsed = toMicroseconds(endMs - startMs);
      // execFile hands the output over when the child has ended, and not before.
      return {
        child: parseReport(output),
        shell: false,
        firstOutputMs: elapsed,
        endedMs: elapsed,
        exitCode: code,
        signal: endSignal,
      };
    });
    return {
      result,
      lesson:
        `Process ${result.child.pid} ran ${ms(result.endedMs)}, took ${bytes(result.child.rssBytes)} and gave its output when it had ended; ` +
        `the argument «${result.child.arguments.join(' ')}» arrived as it was, for no shell read it.`,
    };
  },
});
