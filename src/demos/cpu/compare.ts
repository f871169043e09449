import { z } from 'zod';
import { ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { jobSchema, measureJob } from './job-result.ts';
import { DEFAULT_SLICE_MS } from './place-route.ts';
import { places, type PlaceName } from './places.ts';

const place = z.enum(Object.keys(places) as [PlaceName, ...PlaceName[]]);

const rowSchema = z.strictObject({
  place,
  ...jobSchema.omit({ primes: true, eventLoop: true, slices: true, nextJobMs: true }).shape,
  maxDelayMs: z.number().describe('The longest delay of a timer on the event loop'),
});
type Row = z.infer<typeof rowSchema> & { readonly primes: number };

export const compare = demoRoute({
  method: 'get',
  path: '/compare',
  title: 'Compare all places',
  summary: 'Counts the same primes in every place, one after the other.',
  teaches: "The best place depends on the job's length relative to the cost of moving it.",
  query: z.object({
    limit: wholeNumber('Counts the primes below this number in each place', {
      min: 1_000,
      max: 2_000_000,
      default: 600_000,
    }),
  }),
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
    const request = { ...query, sliceMs: DEFAULT_SLICE_MS, resources, signal };
    const rows: Row[] = [];
    for (const name of place.options) {
      signal.throwIfAborted();
      const {
        eventLoop,
        slices: _slices,
        nextJobMs: _nextJobMs,
        ...job
      } = await measureJob(name, request, timeline);
      rows.push({ place: name, ...job, maxDelayMs: eventLoop.maxDelayMs });
    }
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
      `${slowest.place} took ${times(slowest.elapsedMs / fastest.elapsedMs)} as long, ${ms(slowest.startUpMs)} of it startup.`,
  };
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
