import { readFile } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { availableCpus } from '../../process/available-cpus.ts';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { count, ms, percent } from '../evidence/words.ts';
import type { Tools } from '../work/tools.ts';

const IO_RUNS = 300;

const mainModules = [
  { from: 'main, CommonJS', program: new URL('./main-module.cts', import.meta.url) },
  { from: 'main, ES module', program: new URL('./main-module.mts', import.meta.url) },
] as const;

/** The order that was seen in one run. */
export interface Run {
  readonly from: string;
  readonly order: readonly string[];
  /** From the call of `setTimeout` to the start of the event loop; in a running loop there is no such time. */
  readonly gapMs?: number;
}

const distribution = z.array(
  z.strictObject({
    from: z.string(),
    order: z.string(),
    runs: z.number(),
    meanGapMs: z
      .number()
      .optional()
      .describe('From the call of setTimeout to the start of the event loop, on average'),
  }),
);

const resultSchema = z.strictObject({
  from: z.enum(['main', 'io']),
  runs: z.number(),
  timeoutFirst: z.number().describe('Runs in which setTimeout(0) came before setImmediate'),
  immediateFirst: z.number(),
  distribution,
});
type Result = z.infer<typeof resultSchema>;

export const order = demoRoute({
  method: 'get',
  path: '/order',
  summary: 'nextTick, microtask, setTimeout(0) and setImmediate: in which order they ran, many times over.',
  teaches:
    'nextTick and microtasks come before the event loop goes on. From a main module setTimeout(0) and setImmediate are a ' +
    'race; from an I/O callback the immediate is always first.',
  query: z.object({
    from: oneOf('Where they are scheduled', ['main', 'io']),
    processes: wholeNumber('Fresh processes for from=main; half of them CommonJS, half ES modules', {
      min: 2,
      max: 300,
      default: 16,
    }),
  }),
  result: resultSchema,
  examples: [
    { title: 'From main modules of fresh processes: a race', query: { from: 'main', as: 'text' } },
    { title: 'From I/O callbacks: always the same', query: { from: 'io', as: 'text' } },
  ],
  contrasts: ['event-loop/order?from=main', 'event-loop/order?from=io'],
  async run({ query: { from, processes }, signal, timeline, tools }) {
    const runs =
      from === 'main'
        ? await runMainModules(processes, tools, signal, timeline)
        : await tools.budgets.poolTasks.use(1, signal, () => runInCallbacks(IO_RUNS, signal));
    const result = { from, ...summarize(runs) };
    return { result, lesson: conclude(result) };
  },
});

/**
 * Only the main module of a process runs before its event loop. That of a thread runs when the loop of the thread turns
 * already, and shows the order of an I/O callback every time.
 */
async function runMainModules(
  processes: number,
  tools: Tools,
  signal: AbortSignal,
  timeline: Timeline,
): Promise<Run[]> {
  const lanes = Math.min(availableCpus(), 4, processes);
  const runs: Run[] = [];
  let next = 0;
  const work = async (lane: number) => {
    for (let index = next++; index < processes; index = next++) {
      const { from, program } = mainModules[index % 2 === 0 ? 0 : 1];
      const run = await timeline.record(`process ${index + 1}`, `lane ${lane + 1}`, () =>
        runMainModule(program, tools, signal),
      );
      runs.push({ from, ...run });
    }
  };
  await tools.budgets.children.use(lanes, signal, () =>
    Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane))),
  );
  return runs;
}

async function runMainModule(program: URL, tools: Tools, signal: AbortSignal): Promise<Omit<Run, 'from'>> {
  signal.throwIfAborted();
  const child = tools.children.startNode(program, { signal, timeoutMs: 10_000 });
  let output = '';
  child.process.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.process.stderr?.resume();
  const { code } = await child.exited;
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`${fileURLToPath(program)} ended with code ${code ?? 'none'}`);
  return JSON.parse(output) as Omit<Run, 'from'>;
}

/** Schedules the four, again and again, each time from the callback of a read of its own. */
async function runInCallbacks(times: number, signal: AbortSignal): Promise<Run[]> {
  const runs: Run[] = [];
  while (runs.length < times && !signal.aborted) runs.push(await runInCallback());
  return runs;
}

function runInCallback(): Promise<Run> {
  return new Promise((resolve, reject) => {
    readFile(new URL('./main-module.mts', import.meta.url), (error) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const seen: string[] = [];
      const note = (step: string) => {
        seen.push(step);
        if (seen.length === 5) resolve({ from: 'I/O callback', order: seen });
      };
      setTimeout(() => note('setTimeout'), 0);
      setImmediate(() => note('setImmediate'));
      void Promise.resolve().then(() => note('microtask'));
      process.nextTick(() => note('nextTick'));
      note('main');
    });
  });
}

/** Counts how often each order was seen, most often first. */
export function summarize(runs: readonly Run[]): Omit<Result, 'from'> {
  const groups = Object.values(Object.groupBy(runs, (run) => `${run.from}: ${run.order.join(', ')}`));
  const timeoutFirst = runs.filter((run) => isTimeoutFirst(run.order)).length;
  return {
    runs: runs.length,
    timeoutFirst,
    immediateFirst: runs.length - timeoutFirst,
    distribution: groups
      .flatMap((group = []) => {
        const [first] = group;
        if (first === undefined) return [];
        const gaps = group.flatMap(({ gapMs }) => gapMs ?? []);
        const steps = first.order.filter((step) => step !== 'main').join(', ');
        return {
          from: first.from,
          order: steps,
          runs: group.length,
          ...(gaps.length === 0
            ? {}
            : { meanGapMs: toMicroseconds(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length) }),
        };
      })
      .sort((a, b) => a.from.localeCompare(b.from) || b.runs - a.runs),
  };
}

function isTimeoutFirst(order: readonly string[]): boolean {
  return order.indexOf('setTimeout') < order.indexOf('setImmediate');
}

export function conclude({ from, runs, timeoutFirst, immediateFirst, distribution: seen }: Result): string {
  if (from === 'io') {
    const before = [...new Set(seen.map((row) => firstTwo(row.order).join(' and then ')))].join('; ');
    return timeoutFirst === 0
      ? `In each of ${runs} I/O callbacks setImmediate came before setTimeout(0): the check phase follows the poll phase, and timers come after it. Before both ran ${before}.`
      : `In ${timeoutFirst} of ${runs} I/O callbacks setTimeout(0) came first, which the phases do not allow.`;
  }
  const race =
    timeoutFirst > 0 && immediateFirst > 0
      ? `a race: setTimeout(0) was first in ${timeoutFirst} of ${count(runs, 'fresh process', 'fresh processes')} (${percent(timeoutFirst / runs)}), setImmediate in ${immediateFirst}`
      : `${timeoutFirst === 0 ? 'setImmediate' : 'setTimeout(0)'} was first in all of ${runs} fresh processes: the race had one winner this time`;
  const micro = [...new Set(seen.map((row) => `${firstTwo(row.order).join(' before ')} (${row.from})`))];
  return `From the main module it is ${race}. ${explainGaps(compareGaps(seen))}. Before both: ${micro.join(', ')}.`;
}

/** How long after the call of `setTimeout` the loop began, on average, by who was first then. */
interface Gaps {
  readonly from: string;
  readonly timeoutFirst: number | undefined;
  readonly immediateFirst: number | undefined;
}

/** For each kind of module by itself: a mean over both would follow how many of each were in it. */
function compareGaps(seen: Result['distribution']): Gaps[] {
  return [...Map.groupBy(seen, ({ from }) => from)].map(([from, rows]) => ({
    from,
    timeoutFirst: meanGap(rows.filter(({ order: steps }) => isTimeoutFirst(steps.split(', ')))),
    immediateFirst: meanGap(rows.filter(({ order: steps }) => !isTimeoutFirst(steps.split(', ')))),
  }));
}

function meanGap(rows: Result['distribution']): number | undefined {
  const runs = rows.reduce((sum, row) => sum + row.runs, 0);
  return runs === 0 ? undefined : rows.reduce((sum, row) => sum + (row.meanGapMs ?? 0) * row.runs, 0) / runs;
}

/** Gaps that differ by less than this factor say nothing. */
const TELLING_FACTOR = 1.1;

function explainGaps(gaps: readonly Gaps[]): string {
  const told = gaps.map(({ from, timeoutFirst, immediateFirst }) => {
    const means = [
      ...(timeoutFirst === undefined ? [] : [`${ms(timeoutFirst)} where setTimeout was first`]),
      ...(immediateFirst === undefined ? [] : [`${ms(immediateFirst)} where setImmediate was first`]),
    ];
    return `${means.join(' and ')} (${from})`;
  });
  const cause = "whether a millisecond of the loop's clock began in between";
  const comparable = gaps.flatMap(({ timeoutFirst: one, immediateFirst: other }) =>
    one === undefined || other === undefined ? [] : [one / other],
  );
  const verdict =
    comparable.length > 0 && comparable.every((ratio) => ratio > TELLING_FACTOR)
      ? `the longer it took, the likelier a millisecond of the loop's clock began in between, and only then a timer of 0 is due at once`
      : comparable.length > 0
        ? `the means do not show what decides, which is ${cause}`
        : `no kind of module had both winners to compare; what decides is ${cause}`;
  return `From the call to the start of the loop it took, on average, ${told.join(', ')}: ${verdict}`;
}

function firstTwo(order: string): string[] {
  return order.split(', ').slice(0, 2);
}
