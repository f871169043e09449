import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type DemoCall, type Lesson } from '../kit/demo.ts';
import { mapInLanes } from '../kit/resources/lanes.ts';
import type { Child } from '../kit/resources/children.ts';
import { stdoutOf, withChild } from '../kit/resources/with-child.ts';

const program = new URL('./prompt-child.ts', import.meta.url);

const LANES = 2;
const ANSWERS = ['Ada', '36'] as const;
/** How long a person takes to answer. */
const THINK_MS = 100;

const inputs = ['typed', 'piped', 'empty'] as const;
const ways = ['question', 'signal', 'lines'] as const;

const rowSchema = z.strictObject({
  input: z.enum(inputs).describe('Each answer after its question; all answers at once; the end of the input'),
  sent: z.number(),
  answers: z.number().describe('Answers that the child received'),
  code: z.number().nullable().describe('13: an await at the top level never settled'),
  error: z.string().nullable().describe('What the child caught'),
  ticks: z
    .number()
    .nullable()
    .describe(
      'Ticks of a timer while the child waited; null if there was none, or if it did not come to its end',
    ),
});
export type Row = z.infer<typeof rowSchema>;

export const prompt = demoRoute({
  method: 'get',
  path: '/prompt',
  title: 'Ask questions',
  summary: 'Starts a child that asks two questions with readline/promises, and answers in three ways.',
  teaches:
    'A question waits for its answer without blocking the event loop. But readline drops a line that arrives while no ' +
    'question waits, and a question without an answer never settles: answers from a pipe get lost, and the process ends with ' +
    'code 13. Abort the question when the input closes, or read the lines with for await.',
  query: z.object({
    way: oneOf(
      'How the child reads: rl.question, rl.question with a signal that aborts when the input closes, or the lines themselves',
      ways,
    ),
  }),
  result: z.strictObject({ way: z.enum(ways), inputs: z.array(rowSchema) }),
  examples: [
    { title: 'rl.question', query: { way: 'question', as: 'text' } },
    { title: 'rl.question with a signal', query: { way: 'signal', as: 'text' } },
    { title: 'The lines themselves', query: { way: 'lines', as: 'text' } },
  ],
  contrasts: [
    'process/prompt?way=question',
    'process/prompt?way=signal',
    'process/prompt?way=lines',
    'process/stdio',
  ],
  async run({ query: { way }, signal, timeline, resources }) {
    const rows = await mapInLanes(inputs, LANES, (input, lane) =>
      resources.budgets.children.use(1, signal, () =>
        timeline.record(input, `lane ${lane + 1}`, () => answer(way, input, { signal, resources })),
      ),
    );
    signal.throwIfAborted();
    return { result: { way, inputs: rows }, lesson: conclude(way, rows) };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'resources'>;

async function answer(way: string, input: Row['input'], { signal, resources }: Call): Promise<Row> {
  return withChild(resources.children.startNode(program, { signal, args: [way] }), async (child) => {
    let report = '';
    child.process.stderr?.setEncoding('utf8').on('data', (text: string) => (report += text));
    const sent = input === 'empty' ? [] : ANSWERS;
    if (input === 'typed') await type(child, signal);
    else child.process.stdin?.end(sent.map((line) => `${line}\n`).join(''));
    const { code } = await child.exited;
    return {
      input,
      sent: sent.length,
      answers: report.match(/^answer /gm)?.length ?? 0,
      code,
      error: /^error (.*)$/m.exec(report)?.[1] ?? null,
      ticks: Number(/^ticks (\d+)$/m.exec(report)?.[1] ?? NaN) || null,
    };
  });
}

/** Answers each question a moment after it has arrived. */
async function type(child: Child, signal: AbortSignal): Promise<void> {
  const stdout = stdoutOf(child);
  for (const line of ANSWERS) {
    await Promise.race([once(stdout, 'data', { signal }), child.exited]);
    await sleep(THINK_MS, undefined, { signal });
    child.process.stdin?.write(`${line}\n`);
  }
  child.process.stdin?.end();
}

const names = {
  question: 'rl.question',
  signal: 'rl.question with a signal',
  lines: 'Reading the lines',
} as const;

export function conclude(way: (typeof ways)[number], rows: readonly Row[]): Lesson {
  const lost = rows.reduce((sum, { sent, answers }) => sum + sent - answers, 0);
  const sent = rows.reduce((sum, row) => sum + row.sent, 0);
  const ends = rows
    .map(({ input, answers, sent: all, code, error }) => {
      const caught = error === null ? '' : `, ${error}`;
      return `${input} input: ${answers} of ${count(all, 'answer')}, code ${code ?? 'none'}${caught}`;
    })
    .join('; ');
  const ticks = rows[0]?.ticks ?? 0;
  const waited = ` While it waited for typed answers, ${ms(THINK_MS)} each, a timer ticked ${count(ticks, 'time')}.`;
  const unsettled = rows.filter(({ code }) => code === 13).length;
  const verdict =
    unsettled > 0
      ? ` ${count(unsettled, 'process', 'processes')} ended with a question that never settled.`
      : ' Every process noticed the end of its input.';
  return {
    headline: `${names[way]} lost ${lost} of ${count(sent, 'answer')}`,
    text: `${ends}.${verdict}${waited}`,
  };
}
