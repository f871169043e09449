import { setTimeout as sleep } from 'node:timers/promises';
import { createContext, Script } from 'node:vm';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { median } from '../evidence/statistics.ts';
import { times } from '../evidence/words.ts';

/** One shape; two and four, which an inline cache holds; and more than it holds. */
const SHAPES = [1, 2, 4, 8, 64] as const;
const WARM_UP_ROUNDS = 60;
/** A ratio below this is noise on a shared machine. */
const CLEAR = 1.5;

const row = z.strictObject({
  shapes: z.number(),
  nsPerObject: z.number().describe('Median of all rounds'),
  timesSlower: z.number().describe('Than with one shape'),
  sum: z.number().describe('The same everywhere: the loop does the same work'),
});
type Row = z.infer<typeof row>;

const result = z.strictObject({ objects: z.number(), rounds: z.number(), rows: z.array(row) });

/**
 * A loop and its objects, the same for every number of shapes. It is compiled anew in a context of its own each time:
 * what a loop has learnt of shapes stays with it, so one that has seen many would be slow with one as well.
 */
const source = new Script(`
  (shapes, count) => {
    const objects = [];
    for (let i = 0; i < count; i += 1) {
      // The same properties in the end; the one that was added first makes another shape.
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

type Loop = () => number;

export const shapes = demoRoute({
  method: 'get',
  path: '/shapes',
  summary: 'Runs the same loop over objects of one shape, of a few, and of many.',
  teaches:
    'V8 remembers where a property is for the few shapes that a place in the code has met. Objects made alike share one ' +
    'shape.',
  query: z.object({
    objects: wholeNumber('Objects in the loop', { min: 1_000, max: 100_000, default: 10_000 }),
    rounds: wholeNumber('Rounds that are measured', { min: 10, max: 500, default: 100 }),
  }),
  result,
  examples: [{ title: 'One shape and many', query: { as: 'text' } }],
  contrasts: [],
  async run({ query: { objects, rounds }, signal, timeline }) {
    const contenders = SHAPES.map((each) => ({
      shapes: each,
      loop: makeLoop(each, objects),
      sum: 0,
      figures: [] as number[],
    }));
    await timeline.record('warm up', 'event loop', () => runRounds(contenders, WARM_UP_ROUNDS, signal));
    for (const { figures } of contenders) figures.length = 0;
    await timeline.record('measure', 'event loop', () => runRounds(contenders, rounds, signal));
    const measured = contenders.map(({ shapes: count, sum, figures }) => ({
      shapes: count,
      nsPerObject: Math.round((median(figures) / objects) * 100) / 100,
      sum,
    }));
    const one = measured[0]?.nsPerObject ?? NaN;
    const rows = measured.map((each) => ({
      ...each,
      timesSlower: Math.round((100 * each.nsPerObject) / one) / 100,
    }));
    return { result: { objects, rounds, rows }, lesson: conclude(rows) };
  },
});

function makeLoop(count: number, objects: number): Loop {
  const make = source.runInContext(createContext({})) as (shapes: number, count: number) => Loop;
  return make(count, objects);
}

interface Contender {
  readonly loop: Loop;
  readonly figures: number[];
  sum: number;
}

/** Runs all loops in turn, so that whatever disturbs this machine disturbs them alike. */
async function runRounds(
  contenders: readonly Contender[],
  rounds: number,
  signal: AbortSignal,
): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    for (const contender of contenders) {
      const startedAt = process.hrtime.bigint();
      contender.sum = contender.loop();
      contender.figures.push(Number(process.hrtime.bigint() - startedAt));
    }
    // Optimised code is made by another thread, which needs a moment as well.
    if (round % 10 === 0) await sleep(1);
    signal.throwIfAborted();
  }
}

function conclude(rows: readonly Row[]): string {
  const [one] = rows;
  const slowest = rows.reduce((a, b) => (b.timesSlower > a.timesSlower ? b : a));
  const first = rows.find(({ timesSlower }) => timesSlower > CLEAR);
  if (one === undefined || first === undefined) {
    return `The loop took about as long for each number of shapes (at most ${slowest.timesSlower} times as long as for one): this run shows no effect; raise objects.`;
  }
  return `An object cost ${one.nsPerObject} ns where all had one shape. From ${first.shapes} shapes on it was clearly more, and with ${slowest.shapes} the same sum took ${times(slowest.timesSlower)} as long, ${slowest.nsPerObject} ns an object.`;
}
