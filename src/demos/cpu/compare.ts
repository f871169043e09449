import { z } from 'zod';
import { bytes, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { primesMs } from '../kit/primes/primes-cost.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { jobSchema, measureJob, type JobResult } from './job-result.ts';
import { DEFAULT_SLICE_MS } from './place-route.ts';
import { places, type PlaceName } from './places.ts';

const place = z.enum(Object.keys(places) as [PlaceName, ...PlaceName[]]);

const threadMemoryProgram = new URL('./thread-memory-child.ts', import.meta.url);
/** How often the job runs in each place. The row is the run with the median duration. */
const ROUNDS = 3;

const rowSchema = z.strictObject({
  place,
  ...jobSchema.pick({ ranMs: true, queuedMs: true, startUpMs: true, handOverMs: true, elapsedMs: true })
    .shape,
  privateBytes: z
    .number()
    .optional()
    .describe('Memory of its own: what a thread adds to its process, what a child shares with no other'),
  maxDelayMs: z.number().describe('The longest delay of a timer on the event loop'),
});
type Row = z.infer<typeof rowSchema> & { readonly primes: number };

export const compare = demoRoute({
  method: 'get',
  path: '/compare',
  title: 'Compare all places',
  summary: 'Counts the same primes in every place, three times each, in an order that is drawn.',
  teaches: "The best place depends on the job's length relative to the cost of moving it.",
  query: z.object({
    limit: wholeNumber('Counts the primes below this number in each place', {
      min: 1_000,
      max: 2_000_000,
      default: 600_000,
    }),
  }),
  alone: true,
  result: z.strictObject({
    limit: z.number(),
    primes: z.number(),
    samePrimes: z.boolean(),
    places: z.array(rowSchema),
  }),
  examples: [
    { title: 'All places', query: { as: 'text' } },
    { title: 'A job too short to offload', query: { limit: 20_000, as: 'text' } },
  ],
  contrasts: ['cpu/inline', 'cpu/thread-pool', 'child-processes/compare'],
  async run({ query, timeline, resources, signal }) {
    const totalMs = ROUNDS * place.options.length * primesMs(query.limit, resources);
    rejectLongWork('run', totalMs, ['limit']);
    const request = { ...query, sliceMs: DEFAULT_SLICE_MS, resources, signal };
    const runs = new Map<PlaceName, JobResult[]>(place.options.map((name) => [name, []]));
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const name of shuffle(place.options)) {
        signal.throwIfAborted();
        runs.get(name)?.push(await measureJob(name, request, timeline));
      }
    }
    const threadBytes = await measureThreadMemory(query.limit, { resources, signal });
    const rows = [...runs].map(([name, jobs]) => toRow(name, jobs, threadBytes));
    const primes = rows[0]?.primes ?? 0;
    return {
      result: {
        limit: query.limit,
        primes,
        samePrimes: rows.every((row) => row.primes === primes),
        places: rows.map(({ primes: _primes, ...row }) => row),
      },
      lesson: conclude(rows),
    };
  },
});

function shuffle<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** The run with the median duration; the pool has started its thread by then. */
function toRow(name: PlaceName, jobs: readonly JobResult[], threadBytes: number): Row {
  const middle = jobs.toSorted((a, b) => a.elapsedMs - b.elapsedMs)[jobs.length >> 1];
  if (middle === undefined) throw new Error(`no run of ${name}`);
  const { primes, ranMs, queuedMs, startUpMs, handOverMs, elapsedMs, eventLoop } = middle;
  const privateBytes =
    name === 'thread' || name === 'thread-pool' ? threadBytes : (middle.privateBytes ?? undefined);
  return {
    place: name,
    primes,
    ...{ ranMs, queuedMs, startUpMs, handOverMs, elapsedMs },
    ...(privateBytes === undefined ? {} : { privateBytes }),
    maxDelayMs: eventLoop.maxDelayMs,
  };
}

/** In a process of its own: other work would change the memory of this one. */
async function measureThreadMemory(
  limit: number,
  { resources, signal }: Pick<DemoCall<never, never, never>, 'resources' | 'signal'>,
): Promise<number> {
  const output = await resources.budgets.children.use(1, signal, () =>
    withChild(
      resources.children.startNode(threadMemoryProgram, { args: [String(limit)], signal }),
      readOutput,
    ),
  );
  signal.throwIfAborted();
  return (JSON.parse(output) as { readonly bytes: number }).bytes;
}

/** How long each place blocked the event loop, and what the move cost. */
export function conclude(rows: readonly Row[]): Lesson {
  const [first] = rows;
  const inline = rows.find((row) => row.place === 'inline');
  const elsewhere = rows.filter((row) => row.place !== 'inline' && row.place !== 'chunked');
  if (first === undefined || inline === undefined || elsewhere.length === 0) {
    return { headline: 'Nothing was compared', text: 'This run compared no places.' };
  }
  const isSame = rows.every(({ primes }) => primes === first.primes);
  const same = isSame
    ? `All ${rows.length} places counted ${first.primes} primes.`
    : `The places did NOT count the same: ${rows.map(({ primes }) => primes).join(', ')}.`;
  const blocking = describeBlocking(rows, inline, elsewhere);
  const fastest = elsewhere.reduce((a, b) => (b.elapsedMs < a.elapsedMs ? b : a));
  const slowest = elsewhere.reduce((a, b) => (b.elapsedMs > a.elapsedMs ? b : a));
  return {
    headline: isSame ? blocking.headline : 'The places did not count the same primes',
    text:
      `${same} ${blocking.text} Of the threads and children, ${fastest.place} was fastest with ${ms(fastest.elapsedMs)}; ` +
      `${slowest.place} took ${times(slowest.elapsedMs / fastest.elapsedMs)} as long, ${ms(slowest.startUpMs)} of it startup.` +
      compareMemory(rows),
  };
}

function compareMemory(rows: readonly Row[]): string {
  const [thread, child] = (['thread', 'child'] as const).map(
    (name) => rows.find((row) => row.place === name)?.privateBytes,
  );
  return thread === undefined || child === undefined
    ? ''
    : ` A thread took ${bytes(thread)} of memory of its own, a child ${bytes(child)}.`;
}

function describeBlocking(rows: readonly Row[], inline: Row, elsewhere: readonly Row[]): Lesson {
  const inlineDelay = ms(inline.maxDelayMs);
  if (inline.maxDelayMs < inline.ranMs / 2) {
    return {
      headline: `A job of ${ms(inline.ranMs)} is too short to show blocking`,
      text: `Inline ran only ${ms(inline.ranMs)}, too short to delay a 5 ms timer much: it was ${inlineDelay} late.`,
    };
  }
  const lowest = rows.reduce((a, b) => (b.maxDelayMs < a.maxDelayMs ? b : a));
  const worst = elsewhere.reduce((a, b) => (b.maxDelayMs > a.maxDelayMs ? b : a));
  const isClear = worst.maxDelayMs < inline.maxDelayMs / 2;
  const others = isClear
    ? `with threads and children it was at most ${ms(worst.maxDelayMs)} (${worst.place})`
    : `with ${worst.place} it was ${ms(worst.maxDelayMs)}, because the job was too short or too few cores were free`;
  return {
    headline: isClear
      ? `Inline delayed timers by ${inlineDelay}, threads and children by ${ms(worst.maxDelayMs)}`
      : 'This run shows no clear difference between the places',
    text: `Inline blocked the event loop for ${inlineDelay}; ${others}. The delay was lowest with ${lowest.place}.`,
  };
}
