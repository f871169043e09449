import { constants } from 'node:os';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { mapInLanes } from '../kit/resources/lanes.ts';
import { withChild } from '../kit/resources/with-child.ts';

const program = new URL('./exit-child.ts', import.meta.url);

const LANES = 2;

const ways = ['return', 'exit-code', 'exit', 'exception', 'rejection', 'unfinished', 'signal'] as const;

const rowSchema = z.strictObject({
  way: z.enum(ways),
  code: z.number().nullable(),
  signal: z.string().nullable(),
  inShell: z
    .number()
    .describe('What a shell would report as $?, computed: the code, or 128 plus the signal number'),
  uptimeMs: z.number(),
  events: z.string().describe('The events beforeExit and exit, as the child emitted them'),
  reason: z.string().nullable().describe('The line of its standard error with the reason'),
});
type Row = z.infer<typeof rowSchema>;

export const exitCodes = demoRoute({
  method: 'get',
  path: '/exit-codes',
  title: 'Compare ways to exit',
  summary:
    'Ends children by return, exit, exception, rejection and signal, and reports what their parent receives.',
  teaches:
    'A child ends with a code or a signal, never both: code that checks only the exit code misses a kill, because the ' +
    'code is null. An uncaught exception or unhandled rejection exits with 1, a top-level await that never settles with 13. ' +
    'beforeExit is emitted only if the process runs out of work; a listener for exit can do synchronous work only.',
  query: z.object({
    code: wholeNumber('The code passed to exit and exitCode', { min: 0, max: 255, default: 3 }),
  }),
  result: z.strictObject({ children: z.array(rowSchema) }),
  examples: [
    { title: 'Every way to end', query: { as: 'text' } },
    { title: 'With another code', query: { code: 42, as: 'text' } },
  ],
  contrasts: [
    'process/signals',
    'process/last-words?way=exit',
    'failures/uncaught-exception',
    'failures/unhandled-rejection',
  ],
  async run({ query: { code }, signal, timeline, resources }) {
    const children = await mapInLanes(ways, LANES, (way, lane) =>
      resources.budgets.children.use(1, signal, () =>
        timeline.record(way, `lane ${lane + 1}`, () => endBy(way, code, { signal, resources })),
      ),
    );
    signal.throwIfAborted();
    return { result: { children }, lesson: conclude(children) };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'resources'>;

async function endBy(way: Row['way'], code: number, { signal, resources }: Call): Promise<Row> {
  const started = resources.children.startNode(program, { args: [way, String(code)], signal });
  return withChild(started, async (child) => {
    let errors = '';
    child.process.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    let events = '';
    child.process.stdout?.setEncoding('utf8').on('data', (text: string) => (events += text));
    const exit = await child.exited;
    return {
      way,
      ...exit,
      inShell:
        exit.code ?? 128 + (exit.signal === null ? 0 : constants.signals[exit.signal as NodeJS.Signals]),
      uptimeMs: toMicroseconds(performance.now() - child.startedAt),
      events: events.trim().split('\n').join(', ') || 'none',
      reason: findReason(errors),
    };
  });
}

/** @returns the error line, without stack frames and paths */
export function findReason(errors: string): string | null {
  const lines = errors.split('\n').map((line) => line.trim());
  const reason = lines.find((line) => /^(\w*Error|Warning): /.test(line));
  return reason?.replace(/ at file:.*$/, '') ?? null;
}

function conclude(children: readonly Row[]): Lesson {
  const byCode = children.filter(({ code }) => code !== null);
  const bySignal = children.filter(({ signal }) => signal !== null);
  const both = byCode.filter(({ signal }) => signal !== null);
  const codes = byCode.map(({ way, code }) => `${way} ${code}`).join(', ');
  const signals = bySignal.map(({ signal }) => signal).join(', ') || 'none';
  return {
    headline: `${count(byCode.length, 'child', 'children')} ended with a code, ${bySignal.length} by a signal`,
    text:
      `By code: ${codes}. By signal: ${signals}. ${both.length || 'None'} of the children had both. ` +
      `beforeExit was emitted by: ${emitters(children, 'beforeExit')}. exit was not emitted by: ${silent(children)}.`,
  };
}

function emitters(children: readonly Row[], event: string): string {
  const found = children.filter(({ events }) => events.split(', ').includes(event));
  return found.map(({ way }) => way).join(', ') || 'none';
}

function silent(children: readonly Row[]): string {
  const found = children.filter(({ events }) => !events.split(', ').includes('exit'));
  return found.map(({ way }) => way).join(', ') || 'none';
}
