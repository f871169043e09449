import { createInterface } from 'node:readline';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';
import type { Child } from '../work/child.ts';
import { lendChild, outputOf } from '../work/lend-child.ts';

const talker = new URL('./talker.ts', import.meta.url);

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
  summary: "A child's stdin, stdout and stderr as streams: a talk with it, as it was heard.",
  teaches:
    'Three pipes, three streams. Each keeps its own order; between two of them there is none, whatever the child wrote ' +
    'first. The end of its input is how a child learns that there is no more.',
  query: z.object({ lines: wholeNumber('Lines to say to it', { min: 1, max: 20, default: 4 }) }),
  result: z.strictObject({
    said: z.number(),
    answered: z.number(),
    remarksBeforeAnswers: z
      .number()
      .describe('How often the remark on stderr, written first, was also heard first'),
    endedAfterInputMs: z.number().describe('From the end of its input to its own end'),
    exitCode: z.number().nullable(),
    talk: z.array(lineSchema),
  }),
  examples: [{ title: 'A talk', query: { as: 'text' } }],
  contrasts: ['child-processes/spawn', 'child-processes/fork', 'child-processes/stream'],
  async run({ query: { lines }, signal, timeline, tools }) {
    const result = await tools.budgets.children.use(1, signal, () =>
      lendChild(tools.children.startNode(talker, { signal }), async (child) => {
        const talk: Line[] = [];
        const note = (stream: Line['stream'], text: string) =>
          void talk.push({ order: talk.length + 1, atMs: toMicroseconds(timeline.now()), stream, text });
        const { stdin, stderr } = pipesOf(child);
        const remarks = createInterface({ input: stderr });
        remarks.on('line', (text) => note('stderr', text));
        const answers = createInterface({ input: outputOf(child) });
        answers.on('line', (text) => note('stdout', text));

        for (let line = 1; line <= lines; line += 1) {
          const end = timeline.begin(`line ${line}`, 'there and back');
          const answered = nextAnswer(answers, child);
          const text = `this is line ${line}`;
          note('stdin', text);
          stdin.write(`${text}\n`);
          await answered;
          end();
        }
        const inputEndedMs = timeline.now();
        stdin.end();
        const { code } = await child.exited;
        signal.throwIfAborted();
        return {
          said: lines,
          answered: talk.filter(({ stream }) => stream === 'stdout').length,
          remarksBeforeAnswers: countRemarksFirst(talk),
          endedAfterInputMs: toMicroseconds(timeline.now() - inputEndedMs),
          exitCode: code,
          talk,
        };
      }),
    );
    const order =
      result.remarksBeforeAnswers === result.said
        ? 'The remark on stderr, which the child writes first, was heard first each time, yet nothing promises that'
        : `The remark on stderr, which the child writes first, was heard first only ${result.remarksBeforeAnswers} of ${count(result.said, 'time')}: two pipes have no common order`;
    return {
      result,
      lesson: `${order}. The child ended with code ${result.exitCode}, ${ms(result.endedAfterInputMs)} after its input had.`,
    };
  },
});

function pipesOf({ process: { stdin, stderr } }: Child) {
  if (stdin === null || stderr === null) throw new Error('the child was started without pipes');
  return { stdin, stderr };
}

/** Resolves with the next line of its output. @throws where the child ends before it comes */
function nextAnswer(answers: NodeJS.EventEmitter, child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    answers.once('line', () => resolve());
    void child.exited.then((exit) => reject(new Error(`the child ended early: ${JSON.stringify(exit)}`)));
  });
}

/** How many answers came after as many remarks. */
export function countRemarksFirst(talk: readonly Pick<Line, 'stream'>[]): number {
  let remarks = 0;
  let answers = 0;
  let first = 0;
  for (const { stream } of talk) {
    if (stream === 'stderr') remarks += 1;
    if (stream !== 'stdout') continue;
    answers += 1;
    if (remarks >= answers) first += 1;
  }
  return first;
}
