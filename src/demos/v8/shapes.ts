import { setTimeout as sleep } from 'node:timers/promises';
import { createContext, Script } from 'node:vm';
import { z } from 'zod';
import { median } from '../../shared/statistics.ts';
import { times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';

/** One shape; two and four, which an inline cache holds; and more than it holds. */
const SHAPES = [1, 2, 4, 8, 64] as const;
const WARM_UP_ROUNDS = 60;
/** A ratio below this is noise on a shared machine. */
const CLEAR_RATIO = 1.5;

/**
 * A loop and its objects, the same for each number of shapes. It is compiled again in a new context each time, because
 * a loop keeps its type feedback: one that has seen many shapes would be slow with one shape as well.
 */
const source = new Script(`
  (shapes, count) => {
    const objects = [];
    for (let i = 0; i < count; i += 1) {
      // The property that is added first determines the shape.
      const object = {};
      if (shapes > 1) object['p' + (i % shapes)] = 0;
      object.value = i % 100;
      objects.push(object);
    }
    return () => {
      let sum = 0;
      for (let i = 0; i < objects.length; i += 1) sum += objects[i].value;
      return sum;
    };
  }`);

const row = z.strictObject({
  shapes: z.number(),
  nsPerObject: z.number().describe('Median of all rounds'),
  timesSlower: z.number().describe('Relative to one shape'),
  sum: z.number().describe('The same in each row: the loops do the same work'),
});
type Row = z.infer<typeof row>;

const result = z.strictObject({ objects: z.number(), rounds: z.number(), rows: z.array(row) });

export const shapes = demoRoute({
  method: 'get',
  path: '/shapes',
  title: 'Object shapes',
  summary: 'Runs the same loop over objects of one shape, of a few shapes, and of many.',
  teaches:
    'An inline cache remembers where a property is for up to four shapes (hidden classes) per place in the code: it is ' +
    'monomorphic with one, polymorphic with two to four, and megamorphic with more. ' +
    'Objects that get the same properties in the same order share a shape.',
  query: z.object({
    // With many more objects the time to load them from memory hides that of the inline cache.
    objects: wholeNumber('Objects in the loop', { min: 1_000, max: 20_000, default: 10_000 }),
    rounds: wholeNumber('Measured rounds', { min: 10, max: 500, default: 100 }),
  }),
  alone: true,
  result,
  examples: [{ title: 'One shape and many', query: { as: 'text' } }],
  contrasts: [],
  async run({ query: { objects, rounds }, signal, timeline }) {
    const contenders = SHAPES.map((each): Contender => ({
      shapes: each,
      loop: createLoop(each, objects),
      sum: 0,
      durations: [],
    }));
    await timeline.record('warm up', 'event loop', () => runRounds(contenders, WARM_UP_ROUNDS, signal));
    for (const { durations } of contenders) durations.length = 0;
    await timeline.record('measure', 'event loop', () => runRounds(contenders, rounds, signal));
    const rows = toRows(contenders, objects);
    return { result: { objects, rounds, rows }, lesson: conclude(rows) };
  },
});

interface Contender {
  readonly shapes: number;
  readonly loop: () => number;
  /** Nanoseconds. */
  readonly durations: number[];
  sum: number;
}

function createLoop(count: number, objects: number): Contender['loop'] {
  const create = source.runInContext(createContext({})) as (
    shapes: number,
    count: number,
  ) => Contender['loop'];
  return create(count, objects);
}

/** Runs all loops in turn, so that disturbances affect them alike. */
async function runRounds(
  contenders: readonly Contender[],
  rounds: number,
  signal: AbortSignal,
): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    for (const contender of contenders) {
      const startedAt = process.hrtime.bigint();
      contender.sum = contender.loop();
      contender.durations.push(Number(process.hrtime.bigint() - startedAt));
    }
    // Another thread compiles optimized code, and needs time to run.
    if (round % 10 === 0) await sleep(1);
    signal.throwIfAborted();
  }
}

function toRows(contenders: readonly Contender[], objects: number): Row[] {
  const measured = contenders.map(({ shapes: count, sum, durations }) => ({
    shapes: count,
    nsPerObject: toHundredths(median(durations) / objects),
    sum,
  }));
  const one = measured[0]?.nsPerObject ?? NaN;
  return measured.map((each) => ({ ...each, timesSlower: toHundredths(each.nsPerObject / one) }));
}

function toHundredths(value: number): number {
  return Math.round(100 * value) / 100;
}

/** What an inline cache holds. */
const MAX_POLYMORPHIC = 4;

export function conclude(rows: readonly Row[]): Lesson {
  const one = rows.find((each) => each.shapes === 1);
  const few = rows.filter((each) => each.shapes > 1 && each.shapes <= MAX_POLYMORPHIC);
  const many = rows.filter((each) => each.shapes > MAX_POLYMORPHIC);
  const slowestFew = Math.max(...few.map(({ timesSlower }) => timesSlower));
  const fastestMany = Math.min(...many.map(({ timesSlower }) => timesSlower));
  if (one === undefined || fastestMany < CLEAR_RATIO * slowestFew) {
    return {
      headline: 'This run does not show where the inline cache is full',
      text:
        `The loop took up to ${times(slowestFew)} as long with two to four shapes as with one, and at least ` +
        `${times(fastestMany)} as long with more: no clear difference. Raise rounds.`,
    };
  }
  return {
    headline: `More than four shapes made the loop at least ${times(fastestMany)} slower`,
    text:
      `Two to four shapes (polymorphic) took up to ${times(slowestFew)} as long as one (monomorphic, ${one.nsPerObject} ns per ` +
      `object). More than ${MAX_POLYMORPHIC} no longer fit into the inline cache (megamorphic): ${many
        .map((each) => `${times(each.timesSlower)} as long with ${each.shapes}`)
        .join(', ')}.`,
  };
}
