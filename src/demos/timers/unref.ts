import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { mapInLanes } from '../kit/resources/lanes.ts';
import { stdoutOf, withChild } from '../kit/resources/with-child.ts';

const program = new URL('./unref-child.ts', import.meta.url);

const LANES = 2;
/** A child that has not ended after so many delays keeps running. */
const WATCH_DELAYS = 5;

const kinds = [
  'timeout',
  'timeout, unref',
  'timeout, cleared',
  'interval',
  'interval, unref',
  'interval, unref + timeout',
  'await, ref: false',
] as const;

const rowSchema = z.strictObject({
  timer: z.enum(kinds),
  active: z.number().describe('Timers that kept the process alive, by process.getActiveResourcesInfo'),
  fired: z.number(),
  outcome: z.enum(['ended', 'kept running']),
  code: z.number().nullable(),
  endedMs: z.number().nullable().describe('From the start of the timer to the end of the process'),
});
export type Row = z.infer<typeof rowSchema>;

export const unref = demoRoute({
  method: 'get',
  path: '/unref',
  title: 'Keep a process alive',
  summary:
    'Starts a child for each of seven kinds of timer, and reports whether the timer fires and when the child ends.',
  teaches:
    'A timer keeps the process alive until it fires or is cleared; an interval, forever. unref() lets the process end in ' +
    'spite of it: then its callback may never run. To await an unreferenced timer ends the process with code 13.',
  query: z.object({
    delayMs: wholeNumber('The delay of each timer, in milliseconds', { min: 20, max: 200, default: 100 }),
  }),
  result: z.strictObject({ delayMs: z.number(), timers: z.array(rowSchema) }),
  examples: [{ title: 'Seven timers', query: { as: 'text' } }],
  contrasts: ['process/last-words?way=exitCode', 'process/exit-codes', 'timers/interval?way=interval'],
  async run({ query: { delayMs }, signal, timeline, resources }) {
    const timers = await mapInLanes(kinds, LANES, (kind, lane) =>
      resources.budgets.children.use(1, signal, () =>
        timeline.record(kind, `lane ${lane + 1}`, () => watch(kind, delayMs, { signal, resources })),
      ),
    );
    signal.throwIfAborted();
    return { result: { delayMs, timers }, lesson: conclude(timers, delayMs) };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'resources'>;

async function watch(kind: Row['timer'], delayMs: number, { signal, resources }: Call): Promise<Row> {
  const started = resources.children.startNode(program, { args: [kind, String(delayMs)], signal });
  return withChild(started, async (child) => {
    let report = '';
    const stdout = stdoutOf(child).setEncoding('utf8');
    stdout.on('data', (text: string) => (report += text));
    const watching = new AbortController();
    await Promise.race([once(stdout, 'data', { signal: watching.signal }), child.exited]);
    const ended = await Promise.race([
      child.exited,
      sleep(WATCH_DELAYS * delayMs, undefined, { signal: watching.signal }),
    ]);
    watching.abort();
    const exit =
      ended === undefined
        ? { outcome: 'kept running' as const, code: null }
        : { outcome: 'ended' as const, code: ended.code };
    return { timer: kind, ...readReport(report), ...exit };
  });
}

function readReport(report: string): Pick<Row, 'active' | 'fired' | 'endedMs'> {
  const figure = (name: string) => new RegExp(`^${name} ([\\d.]+)$`, 'm').exec(report)?.[1];
  const ended = figure('ended');
  return {
    active: Number(figure('active') ?? 0),
    fired: report.match(/^fired$/gm)?.length ?? 0,
    endedMs: ended === undefined ? null : toMicroseconds(Number(ended)),
  };
}

export function conclude(rows: readonly Row[], delayMs: number): Lesson {
  const running = rows.filter(({ outcome }) => outcome === 'kept running');
  const unfired = rows.filter(({ active, fired }) => active === 0 && fired === 0);
  const early = rows.filter(({ endedMs }) => endedMs !== null && endedMs < delayMs / 2);
  const list = (some: readonly Row[]) => some.map(({ timer }) => `"${timer}"`).join(', ') || 'none';
  const failed = rows.filter(({ code }) => code !== null && code !== 0);
  const failures = failed.map(({ timer, code }) => ` "${timer}" ended with code ${code}.`).join('');
  const still = running.map(
    ({ timer, fired }) => ` "${timer}" still ran when it was killed, and had fired ${count(fired, 'time')}.`,
  );
  return {
    headline:
      unfired.length === early.length
        ? `${early.length} of ${rows.length} processes ended before their timer could fire`
        : 'This run does not tell: processes and timers do not match',
    text: `No referenced timer was left, so they did not wait the ${ms(delayMs)}: ${list(early)}.${still.join('')}${failures}`,
  };
}
