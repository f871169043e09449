import { exec, execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { textOf } from '../../shared/text.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { minimalEnvironment, nodeArguments } from '../kit/resources/children.ts';
import { runBuffered } from './buffered-run.ts';
import { parseReport } from './child-report.ts';

const program = new URL('./report-child.ts', import.meta.url);

/** The only text that ever becomes part of a shell command here: harmless, and a constant. */
const SAMPLE = '$(echo replaced); echo and a second command ran';
const COMMAND = `"$NODE" --disable-warning=ExperimentalWarning "$PROGRAM" ${SAMPLE}`;

const rowSchema = z.strictObject({
  way: z.enum(['exec-file', 'exec']),
  given: z.string(),
  received: z.string().describe('The argument as the program received it'),
  arrivedAsGiven: z.boolean(),
  otherCommands: z.string().nullable().describe('Output of commands other than the program'),
});
type Row = z.infer<typeof rowSchema>;

export const injection = demoRoute({
  method: 'get',
  path: '/injection',
  title: 'Inject a shell command',
  summary: 'Passes an argument full of shell syntax to a program, without a shell and in a shell command.',
  teaches:
    'execFile and spawn pass arguments without interpretation by a shell; exec passes a line to a shell, so request data ' +
    'in that line can run anything. With `shell: true`, execFile and spawn use a shell too, and join the arguments unescaped (DEP0190). ' +
    'On Windows, .bat and .cmd files run in cmd.exe, so Node.js starts them only with a shell (CVE-2024-27980). ' +
    'Even without a shell, the program may read an argument that begins with "-" as an option.',
  query: z.object({
    argument: textOf(0, 200)
      .regex(/^\P{C}*$/u, { error: 'must not contain control characters' })
      .default(SAMPLE)
      .describe('Passed to a program by execFile, never to a shell'),
  }),
  result: z.strictObject({ ways: z.array(rowSchema) }),
  examples: [
    { title: 'The same text both ways', query: { as: 'text' } },
    { title: 'Your own, without a shell', query: { argument: '$(id) `id` | rm * > x & "', as: 'text' } },
  ],
  contrasts: ['child-processes/exec', 'child-processes/exec-file'],
  async run({ query: { argument }, signal, timeline, resources }) {
    const call = { signal, resources };
    const args = [...nodeArguments(program), argument];
    const shellEnv = { ...minimalEnvironment, NODE: process.execPath, PROGRAM: fileURLToPath(program) };
    const ways = await resources.budgets.children.use(1, signal, async () => {
      const direct = await timeline.record('without a shell', 'execFile', () =>
        runBuffered(
          (callback) => execFile(process.execPath, args, { env: minimalEnvironment }, callback),
          call,
        ),
      );
      const shell = await timeline.record('with a shell', 'exec', () =>
        runBuffered((callback) => exec(COMMAND, { env: shellEnv }, callback), call),
      );
      return [describe('exec-file', argument, direct.output), describe('exec', SAMPLE, shell.output)];
    });
    return { result: { ways }, lesson: conclude(ways) };
  },
});

/** The program prints one line; other commands printed the rest. */
function describe(way: Row['way'], given: string, output: string): Row {
  const [line = '', ...others] = output.trimEnd().split('\n');
  const received = parseReport(line).child.arguments.join(' ');
  return {
    way,
    given,
    received,
    arrivedAsGiven: received === given,
    otherCommands: others.length === 0 ? null : others.join(' '),
  };
}

function conclude(ways: readonly Row[]): Lesson {
  const injected = ways.filter(({ otherCommands }) => otherCommands !== null).map(({ way }) => way);
  const text = ways.map(({ way, arrivedAsGiven, received, otherCommands, given }) => {
    const arrived = arrivedAsGiven
      ? `the argument of ${count(given.length, 'character')} arrived unchanged`
      : `the argument arrived as "${received}"`;
    const others =
      otherCommands === null
        ? 'no other command printed anything'
        : `another command ran and printed "${otherCommands}"`;
    return `With ${way}, ${arrived} and ${others}.`;
  });
  return {
    headline:
      injected.length === 0
        ? 'The argument ran no other command in this run'
        : `Shell syntax in the argument ran another command with ${injected.join(' and ')}`,
    text: text.join(' '),
  };
}
