import { createInterface } from 'node:readline';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import type { Child } from '../kit/resources/children.ts';
import { stdoutOf, withChild } from '../kit/resources/with-child.ts';

const program = new URL('./echo-child.ts', import.meta.url);

const lineSchema = z.strictObject({
  order: z.number(),
  atMs: z.number(),
  stream: z.enum(['stdin', 'stdout', 'stderr']),
  text: z.string(),
});
export type Line = z.infer<typeof lineSchema>;

export const stdio = demoRoute({
  method: 'get',
  path: '/stdio',
  title: 'Use standard streams',
  summary: 'Exchanges lines with a child over stdin, stdout and stderr, and records the order of arrival.',
  teaches:
    'stdin, stdout and stderr are three streams. Each keeps its own order, but two of them have no common order, whatever ' +
    'the child wrote first. The end of stdin shows the child that there is no more input.',
  query: z.object({ lines: wholeNumber('Lines to send', { min: 1, max: 20, default: 4 }) }),
  result: z.strictObject({
    sent: z.number(),
    echoed: z.number(),
    stderrFirst: z
      .number()
      .describe('How often the line on stderr, which is written first, also arrived first'),
    endedAfterInputMs: z.number().describe('From the end of stdin to the end of the child'),
    exitCode: z.number().nullable(),
    transcript: z.array(lineSchema),
  }),
  examples: [{ title: 'A conversation', query: { as: 'text' } }],
  contrasts: [
    'process/prompt?way=question',
    'child-processes/spawn',
    'child-processes/fork',
    'child-processes/stream',
  ],
  async run({ query: { lines }, signal, timeline, resources }) {
    const result = await resources.budgets.children.use(1, signal, () =>
      withChild(resources.children.startNode(program, { signal }), async (child) => {
        const transcript: Line[] = [];
        const note = (stream: Line['stream'], text: string) => {
          const atMs = toMicroseconds(timeline.now());
          transcript.push({ order: transcript.length + 1, atMs, stream, text });
        };
        const { stdin, stderr } = pipesOf(child);
        createInterface({ input: stderr }).on('line', (text) => note('stderr', text));
        const stdout = createInterface({ input: stdoutOf(child) });
        stdout.on('line', (text) => note('stdout', text));

        for (let line = 1; line <= lines; line += 1) {
          const end = timeline.begin(`line ${line}`, 'round trip');
          const received = nextLine(stdout, child);
          const text = `this is line ${line}`;
          note('stdin', text);
          stdin.write(`${text}\n`);
          await received;
          end();
        }
        const inputEndedMs = timeline.now();
        stdin.end();
        const { code } = await child.exited;
        signal.throwIfAborted();
        return {
          sent: lines,
          echoed: transcript.filter(({ stream }) => stream === 'stdout').length,
          stderrFirst: countStderrFirst(transcript),
          endedAfterInputMs: toMicroseconds(timeline.now() - inputEndedMs),
          exitCode: code,
          transcript,
        };
      }),
    );
    const { sent, stderrFirst } = result;
    const order =
      stderrFirst === sent
        ? 'The child writes to stderr first, and that line arrived first each time. Nothing guarantees this order.'
        : `The child writes to stderr first, but that line arrived first only ${stderrFirst} of ${count(sent, 'time')}. Two pipes have no common order.`;
    return {
      result,
      lesson: {
        headline: `stderr arrived before stdout for ${stderrFirst} of ${count(sent, 'line')}`,
        text: `${order} The child ended with code ${result.exitCode}, ${ms(result.endedAfterInputMs)} after the end of its input.`,
      },
    };
  },
});

function pipesOf({ process: { stdin, stderr } }: Child) {
  if (stdin === null || stderr === null) throw new Error('the child was started without pipes');
  return { stdin, stderr };
}

/** Resolves with the next line of the child. @throws if the child ends before that */
function nextLine(stdout: NodeJS.EventEmitter, child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.once('line', () => resolve());
    void child.exited.then((exit) =>
      reject(new Error(`the child ended before it echoed the line: ${JSON.stringify(exit)}`)),
    );
  });
}

/** @returns how many lines on stdout arrived after as many lines on stderr */
export function countStderrFirst(transcript: readonly Pick<Line, 'stream'>[]): number {
  let stderrLines = 0;
  let stdoutLines = 0;
  let first = 0;
  for (const { stream } of transcript) {
    if (stream === 'stderr') stderrLines += 1;
    if (stream !== 'stdout') continue;
    stdoutLines += 1;
    if (stderrLines >= stdoutLines) first += 1;
  }
  return first;
}
