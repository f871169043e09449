import { exec } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, ms } from '../evidence/words.ts';
import { minimalEnvironment } from '../work/child.ts';
import { lendChild, readOutput } from '../work/lend-child.ts';
import { childReport, endSchema, parseReport } from './child-report.ts';

const report = new URL('./report.ts', import.meta.url);

/** A constant, as everything that a shell reads should be: what differs comes as a variable, in quotes. */
const COMMAND = '"$NODE" --disable-warning=ExperimentalWarning "$PROGRAM" $(echo one two) | cat';

export const execRoute = demoRoute({
  method: 'get',
  path: '/exec',
  summary: 'Runs a fixed command line in a shell and gives all its output at the end.',
  teaches:
    'A shell between you and the program: pipes, variables and substitutions, one more process, and danger as soon as ' +
    'anything in the line comes from outside.',
  result: z.strictObject({
    child: childReport,
    shell: z.boolean().describe('Whether another process stands between this one and the program'),
    shellPid: z.number(),
    command: z.string(),
    firstOutputMs: z.number(),
    endedMs: z.number(),
    ...endSchema,
  }),
  examples: [{ title: 'A pipe and a substitution', query: { as: 'text' } }],
  contrasts: ['child-processes/exec-file', 'child-processes/spawn', 'child-processes/injection'],
  async run({ signal, timeline, tools }) {
    const result = await tools.budgets.children.use(1, signal, () => {
      const startMs = timeline.now();
      const env = { ...minimalEnvironment, NODE: process.execPath, PROGRAM: fileURLToPath(report) };
      // Nothing that takes long: exec makes no process group, so what the shell starts could outlive the shell.
      const started = exec(COMMAND, { env, maxBuffer: 64 * 1024 });
      return lendChild(tools.children.watch(started, { signal, leadsGroup: false }), async (child) => {
        const output = await readOutput(child);
        const { code, signal: endSignal } = await child.exited;
        signal.throwIfAborted();
        const { endMs } = timeline.add('shell, program and cat', 'children', startMs, timeline.now());
        const said = parseReport(output);
        const elapsed = toMicroseconds(endMs - startMs);
        return {
          child: said,
          shell: said.parentPid !== process.pid,
          shellPid: child.pid,
          command: COMMAND,
          firstOutputMs: elapsed,
          endedMs: elapsed,
          exitCode: code,
          signal: endSignal,
        };
      });
    });
    const { child } = result;
    const between = result.shell
      ? `process ${child.pid} is a child of ${child.parentPid}, the shell, and not of this process`
      : `no shell stood between this process and process ${child.pid}, as one does elsewhere`;
    return {
      result,
      lesson:
        `The shell put ${child.arguments.length} arguments (${child.arguments.join(', ')}) where the line has a substitution; ${between}. ` +
        `It all took ${ms(result.endedMs)}, ${bytes(child.rssBytes)} for the program alone.`,
    };
  },
});
