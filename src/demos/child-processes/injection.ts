import { exec, execFile, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { demoRoute, type DemoCall } from '../demo.ts';
import { count } from '../evidence/words.ts';
import { minimalEnvironment, nodeArguments } from '../work/child.ts';
import { lendChild, readOutput } from '../work/lend-child.ts';
import { parseReport } from './child-report.ts';

const report = new URL('./report.ts', import.meta.url);

/** The only text that is ever put into a shell's line here. It is harmless, and a constant. */
const SAMPLE = '$(echo replaced); echo and a second command ran';

const rowSchema = z.strictObject({
  way: z.enum(['exec-file', 'exec']),
  given: z.string(),
  received: z.string().describe('The argument as the program got it'),
  arrivedAsGiven: z.boolean(),
  otherCommands: z.string().nullable().describe('What other commands than the program printed'),
});
type Row = z.infer<typeof rowSchema>;

export const injection = demoRoute({
  method: 'get',
  path: '/injection',
  summary: 'An argument full of shell syntax arrives as it is by execFile; a shell makes commands of it.',
  teaches:
    'execFile and spawn hand arguments to the program, nobody reads them before. exec hands a line to a shell, so a ' +
    'request that gets into the line can run anything: exec is never offered your argument here, only a constant.',
  query: z.object({
    argument: z
      .string()
      .max(200, { error: 'must have at most 200 characters' })
      .regex(/^\P{C}*$/u, { error: 'must hold no control characters' })
      .default(SAMPLE)
      .describe('Handed to a program by execFile; never to a shell'),
  }),
  result: z.strictObject({ ways: z.array(rowSchema) }),
  examples: [
    { title: 'The same text both ways', query: { as: 'text' } },
    { title: 'Your own, without a shell', query: { argument: '$(id) `id` | rm * > x & "', as: 'text' } },
  ],
  contrasts: ['child-processes/exec', 'child-processes/exec-file'],
  async run({ query: { argument }, signal, timeline, tools }) {
    const call = { signal, tools };
    const ways = await tools.budgets.children.use(1, signal, async () => [
      await timeline.record('without a shell', 'execFile', () => withoutShell(argument, call)),
      await timeline.record('with a shell', 'exec', () => withShell(call)),
    ]);
    return { result: { ways }, lesson: conclude(ways) };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'tools'>;

async function withoutShell(argument: string, call: Call): Promise<Row> {
  const args = [...nodeArguments(report), argument];
  const output = await outputOf(execFile(process.execPath, args, { env: minimalEnvironment }), call);
  return describe('exec-file', argument, output);
}

async function withShell(call: Call): Promise<Row> {
  const env = { ...minimalEnvironment, NODE: process.execPath, PROGRAM: fileURLToPath(report) };
  const line = `"$NODE" --disable-warning=ExperimentalWarning "$PROGRAM" ${SAMPLE}`;
  return describe('exec', SAMPLE, await outputOf(exec(line, { env }), call));
}

async function outputOf(started: ChildProcess, { signal, tools }: Call): Promise<string> {
  return lendChild(tools.children.watch(started, { signal, leadsGroup: false }), async (child) => {
    const output = await readOutput(child);
    signal.throwIfAborted();
    return output;
  });
}

/** The program prints one line; every other line was printed by something else. */
function describe(way: Row['way'], given: string, output: string): Row {
  const [line = '', ...others] = output.trimEnd().split('\n');
  const received = parseReport(line).arguments.join(' ');
  return {
    way,
    given,
    received,
    arrivedAsGiven: received === given,
    otherCommands: others.length === 0 ? null : others.join(' '),
  };
}

function conclude(ways: readonly Row[]): string {
  return ways
    .map(({ way, arrivedAsGiven, received, otherCommands, given }) => {
      const arrived = arrivedAsGiven
        ? `the argument of ${count(given.length, 'character')} arrived as given`
        : `the argument arrived as «${received}»`;
      const others =
        otherCommands === null ? 'nothing else ran' : `another command ran and printed «${otherCommands}»`;
      return `By ${way} ${arrived} and ${others}.`;
    })
    .join(' ');
}
