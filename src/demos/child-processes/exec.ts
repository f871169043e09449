import { exec } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { bytes, count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { minimalEnvironment } from '../kit/resources/children.ts';
import { bufferedSchema, describeBuffering, runBuffered } from './buffered-run.ts';
import { childReport, hasShell, parseReport, type ChildReport } from './child-report.ts';

const program = new URL('./report-child.ts', import.meta.url);

/** A constant, as every shell command should be: values come in as quoted variables. */
const COMMAND = '"$NODE" --disable-warning=ExperimentalWarning "$PROGRAM" $(echo one two) | cat';

export const execRoute = demoRoute({
  method: 'get',
  path: '/exec',
  title: 'Run in a shell',
  summary: 'Runs a fixed command line in a shell and returns its whole output at the end.',
  teaches:
    'A shell adds pipes, variables and substitutions, and one more process. It also makes any input that gets into the ' +
    'command line dangerous.',
  result: z.strictObject({
    child: childReport,
    shell: z.boolean().describe('Whether the parent of the program is another process than this one'),
    shellPid: z.number(),
    command: z.string(),
    ...bufferedSchema,
  }),
  examples: [{ title: 'A pipe and a substitution', query: { as: 'text' } }],
  contrasts: ['child-processes/exec-file', 'child-processes/spawn', 'child-processes/injection'],
  async run({ signal, timeline, resources }) {
    const env = { ...minimalEnvironment, NODE: process.execPath, PROGRAM: fileURLToPath(program) };
    const options = { env, maxBuffer: 64 * 1024 };
    const { pid, output, end } = await resources.budgets.children.use(1, signal, () =>
      timeline.record('shell, program and cat', 'children', () =>
        runBuffered((callback) => exec(COMMAND, options, callback), { signal, resources }),
      ),
    );
    const { child } = parseReport(output);
    const shell = hasShell(child);
    return {
      result: { child, shell, shellPid: pid, command: COMMAND, ...end },
      lesson: conclude(child, shell, describeBuffering(end)),
    };
  },
});

function conclude(child: ChildReport, shell: boolean, buffering: string): Lesson {
  const parent = shell
    ? `The parent of process ${child.pid} is the shell, process ${child.parentPid}, not this process.`
    : `No shell stood between this process and process ${child.pid} in this run.`;
  return {
    headline: `The shell replaced the substitution with ${count(child.arguments.length, 'argument')}`,
    text:
      `The program received the arguments ${child.arguments.join(', ')}. ${parent} ` +
      `${buffering} It used ${bytes(child.rssBytes)} of memory.`,
  };
}
