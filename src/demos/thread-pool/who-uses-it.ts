import { z } from 'zod';
import { median } from '../../shared/statistics.ts';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { fillParameters, rejectLongFill, timed, whilePoolIsFull, type Completion } from './full-pool.ts';
import { poolSize } from './keys.ts';
import { withOperations, type Operations } from './operations.ts';

const FREE_SAMPLES = 5;
/**
 * An operation waits if it completes after at least this share of the keys that the last operation completes after. An
 * operation that is only slow because the cores are busy completes after a key or two, and is below that share.
 */
const WAITED_FROM = 0.25;

const row = z.strictObject({
  operation: z.string(),
  freeMs: z.number().describe('Latency while the pool is free'),
  fullMs: z.number().describe('Latency while the pool is full'),
  ratio: z.number().describe('fullMs divided by freeMs'),
  keysBefore: z.number().describe('Keys that were done before the operation'),
  waits: z.boolean().describe('Whether the operation waited for keys'),
});
export type Row = z.infer<typeof row>;

type Completions = Readonly<Record<string, Completion>>;

export const whoUsesIt = demoRoute({
  method: 'get',
  path: '/who-uses-it',
  title: 'Find the users of the pool',
  summary: 'Starts several operations behind a full pool and shows which of them wait.',
  teaches:
    'Most of fs, dns.lookup, asynchronous crypto and zlib run on the pool. Sockets and dns.resolve need no pool thread: ' +
    'they use non-blocking sockets on the event loop.',
  query: z.object(fillParameters),
  result: z.strictObject({
    tasks: z.number(),
    poolBusyMs: z.number().describe('How long the pool had keys to derive'),
    operations: z.array(row),
  }),
  examples: [
    { title: 'Which operations wait', query: { as: 'text' } },
    { title: 'One key in a pool of four', query: { tasks: 1, as: 'text' } },
  ],
  contrasts: ['thread-pool/starve', 'thread-pool/pbkdf2'],
  async run({ query: { tasks, iterations }, signal, timeline, resources }) {
    rejectLongFill({ tasks, iterations }, resources);
    const result = await resources.budgets.poolTasks.use(tasks, signal, () =>
      withOperations(signal, resources, async (operations) => {
        const free = await measureInTurn(operations);
        signal.throwIfAborted();
        const end = timeline.begin(count(tasks, 'key'), 'pool');
        const { value: full, fullMs } = await whilePoolIsFull(tasks, iterations, (keysDone) =>
          measureTogether(operations, keysDone, timeline),
        );
        end();
        return { tasks, poolBusyMs: toMicroseconds(fullMs), operations: compare(free, full) };
      }),
    );
    return { result, lesson: conclude(result.operations, tasks, result.poolBusyMs, poolSize()) };
  },
});

/** Runs each operation a few times, one after the other. @returns the median latency of each */
async function measureInTurn(operations: Operations): Promise<Readonly<Record<string, number>>> {
  const latencies: Record<string, number> = {};
  for (const [name, run] of Object.entries(operations)) {
    await run(); // the first one of a process is slower
    const samples = [];
    while (samples.length < FREE_SAMPLES) samples.push((await timed(run)).latencyMs);
    latencies[name] = median(samples);
  }
  return latencies;
}

/** Runs each operation once, all at the same time. */
async function measureTogether(
  operations: Operations,
  keysDone: () => number,
  timeline: Timeline,
): Promise<Completions> {
  const all = Object.entries(operations).map(async ([name, run]): Promise<[string, Completion]> => {
    const end = timeline.begin(name, 'while full');
    const completion = await timed(run, keysDone);
    end();
    return [name, completion];
  });
  return Object.fromEntries(await Promise.all(all));
}

/**
 * Decides by the keys that were done before each operation, not by latency: on busy cores an operation of 0.1 ms easily
 * takes ten times as long without waiting for a pool thread.
 */
export function compare(free: Readonly<Record<string, number>>, full: Completions): Row[] {
  const most = Math.max(...Object.values(full).map(({ keysBefore }) => keysBefore));
  const waitedFrom = Math.max(1, WAITED_FROM * most);
  return Object.entries(full).map(([operation, { latencyMs, keysBefore }]) => ({
    operation,
    freeMs: toMicroseconds(free[operation] ?? 0),
    fullMs: toMicroseconds(latencyMs),
    ratio: toMicroseconds(latencyMs / (free[operation] ?? latencyMs)),
    keysBefore,
    waits: keysBefore >= waitedFrom,
  }));
}

/** Keys per pool thread that are enough to keep it busy while all operations are submitted. */
const MIN_KEYS_PER_THREAD = 2;
/** How much longer the pool must be busy than an operation takes on a free one. */
const MIN_BUSY_FACTOR = 20;
/** And at least this long (ms): in less, the event loop itself may have been delayed. */
const MIN_BUSY_MS = 100;

export function conclude(rows: readonly Row[], tasks: number, busyMs: number, threads: number): Lesson {
  const waiting = rows.filter(({ waits }) => waits);
  const others = rows.filter(({ waits }) => !waits);
  const busy = `The pool had keys to derive for ${ms(busyMs)}.`;
  const needed = MIN_KEYS_PER_THREAD * threads;
  const slowestFreeMs = Math.max(...rows.map(({ freeMs }) => freeMs));
  const minBusyMs = Math.max(MIN_BUSY_MS, MIN_BUSY_FACTOR * slowestFreeMs);
  // If every operation waited, the keys were shorter than a turn of the event loop, which all of them need.
  if (tasks < needed || busyMs < minBusyMs || waiting.length === 0 || others.length === 0) {
    const reason =
      tasks < needed
        ? `With ${count(tasks, 'key')} a pool of ${count(threads, 'thread')} is not full for long enough: use at least ${needed}.`
        : `The slowest operation takes ${ms(slowestFreeMs)} on a free pool, and the keys are too short in comparison: raise iterations.`;
    return {
      headline: 'This run does not show which operations use the pool',
      text: `${busy} ${reason} The operations took ${range(rows)}.`,
    };
  }
  const free = `These did not wait (${range(others)}) and need no pool thread: ${names(others)}.`;
  return {
    headline: `${waiting.length} of ${rows.length} operations waited for a pool thread`,
    text: `${busy} These waited for a pool thread (${range(waiting)}): ${names(waiting)}. ${free}`,
  };
}

function names(rows: readonly Row[]): string {
  return rows.map(({ operation }) => operation).join(', ');
}

function range(rows: readonly Row[]): string {
  const latencies = rows.map(({ fullMs }) => fullMs);
  return `${ms(Math.min(...latencies))} to ${ms(Math.max(...latencies))}`;
}
