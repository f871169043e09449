import { execFile } from 'node:child_process';
import process from 'node:process';
import { z } from 'zod';
import { bytes, ms } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { minimalEnvironment, nodeArguments } from '../kit/resources/children.ts';
import { bufferedSchema, describeBuffering, runBuffered } from './buffered-run.ts';
import { childReport, hasShell, parseReport } from './child-report.ts';

const program = new URL('./report-child.ts', import.meta.url);
const ARGUMENT = '$(whoami); *';

export const execFileRoute = demoRoute({
  method: 'get',
  path: '/exec-file',
  title: 'Run without a shell',
  summary: 'Runs a program without a shell and returns its whole output at the end.',
  teaches:
    'execFile buffers the output, which is right for short output. It passes arguments to the program as they are, ' +
    'because no shell reads them.',
  result: z.strictObject({
    child: childReport,
    shell: z.boolean().describe('Whether the parent of the program is another process than this one'),
    ...bufferedSchema,
  }),
  examples: [{ title: 'Run and read', query: { as: 'text' } }],
  contrasts: ['child-processes/exec', 'child-processes/spawn', 'child-processes/fork'],
  async run({ signal, timeline, resources }) {
    const args = [...nodeArguments(program), ARGUMENT];
    const options = { env: minimalEnvironment, maxBuffer: 64 * 1024 };
    const { output, end } = await resources.budgets.children.use(1, signal, () =>
      timeline.record('run, buffered', 'child', () =>
        runBuffered((callback) => execFile(process.execPath, args, options, callback), { signal, resources }),
      ),
    );
    const { child } = parseReport(output);
    const received = child.arguments.join(' ');
    return {
      result: { child, shell: hasShell(child), ...end },
      lesson: {
        headline: `The output arrived ${ms(end.firstOutputMs - end.printedMs)} after the program printed it`,
        text:
          `${describeBuffering(end)} Process ${child.pid} used ${bytes(child.rssBytes)} of memory. ` +
          (received === ARGUMENT
            ? `Its argument "${received}" arrived unchanged, because no shell read it.`
            : `Its argument "${ARGUMENT}" arrived as "${received}".`),
      },
    };
  },
});
