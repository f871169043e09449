import { constants } from 'node:os';
import { z } from 'zod';
import { demoRoute, wholeNumber, type DemoCall } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count } from '../evidence/words.ts';
import { lendChild } from '../work/lend-child.ts';

const ender = new URL('./ender.ts', import.meta.url);

const ways = ['return', 'exit-code', 'exit', 'exception', 'rejection', 'unfinished', 'signal'] as const;

const rowSchema = z.strictObject({
  way: z.enum(ways),
  code: z.number().nullable(),
  signal: z.string().nullable(),
  inShell: z
    .number()
    .describe('What a shell would report as $?, computed: the code, or 128 and the number of the signal'),
  livedMs: z.number(),
  said: z.string().nullable().describe('The line of its standard error that tells why'),
});
type Row = z.infer<typeof rowSchema>;

export const exitCodes = demoRoute({
  method: 'get',
  path: '/exit-codes',
  summary: 'Children that end by return, exit, exception, rejection or signal, and what their parent sees.',
  teaches:
    'A child ends with a code or by a signal, never with both: who looks at the code alone takes a kill for nothing. ' +
    'An exception and a rejection nobody handles both give 1, a top-level await that can never settle gives 13.',
  query: z.object({
    code: wholeNumber('What exit and exitCode are given', { min: 0, max: 255, default: 3 }),
  }),
  result: z.strictObject({ children: z.array(rowSchema) }),
  examples: [
    { title: 'Every way to end', query: { as: 'text' } },
    { title: 'With another code', query: { code: 42, as: 'text' } },
  ],
  contrasts: ['process/signals', 'failures/uncaught-exception', 'failures/unhandled-rejection'],
  async run({ query: { code }, signal, timeline, tools }) {
    const children = await Promise.all(
      ways.map((way) =>
        tools.budgets.children.use(1, signal, () =>
          timeline.record(way, 'children', () => endBy(way, code, { signal, tools })),
        ),
      ),
    );
    signal.throwIfAborted();
    return { result: { children }, lesson: conclude(children) };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'tools'>;

async function endBy(way: Row['way'], code: number, { signal, tools }: Call): Promise<Row> {
  const started = tools.children.startNode(ender, { args: [way, String(code)], signal });
  return lendChild(started, async (child) => {
    let errors = '';
    child.process.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.process.stdout?.resume();
    const exit = await child.exited;
    return {
      way,
      ...exit,
      inShell:
        exit.code ?? 128 + (exit.signal === null ? 0 : constants.signals[exit.signal as NodeJS.Signals]),
      livedMs: toMicroseconds(performance.now() - child.startedAt),
      said: findReason(errors),
    };
  });
}

/** The line that is no frame of a stack and no source; where the program lies is nobody's business. */
export function findReason(errors: string): string | null {
  const lines = errors.split('\n').map((line) => line.trim());
  const reason = lines.find((line) => /^(\w*Error|Warning): /.test(line));
  return reason?.replace(/ at file:.*$/, '') ?? null;
}

function conclude(children: readonly Row[]): string {
  const byCode = children.filter(({ code }) => code !== null);
  const bySignal = children.filter(({ signal }) => signal !== null);
  const both = children.filter(({ code, signal }) => code !== null && signal !== null);
  const codes = byCode.map(({ way, code }) => `${way} ${code}`).join(', ');
  const killed = bySignal.map(({ signal }) => signal ?? '').join(', ') || 'none';
  return (
    `${count(byCode.length, 'child', 'children')} ended with a code (${codes}), ${bySignal.length} by a signal (${killed}) and then without a code; ` +
    `${both.length === 0 ? 'none' : both.length} had both.`
  );
}
