import { setImmediate as nextTurn } from 'node:timers/promises';
import { createContext, Script } from 'node:vm';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { median } from '../evidence/statistics.ts';
import { times } from '../evidence/words.ts';

/** One shape; two and four, which an inline cache holds; and more than it holds. */
const SHAPES = [1, 2, 4, 8, 64] as const;
const ROUNDS_WARM_UP = 30;
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
    const measured: Omit<Row, 'timesSlower'>[] = [];
    for (const each of SHAPES) {
      const end = timeline.begin(`${each} shape${each === 1 ? '' : 's'}`, 'event loop');
      measured.push({ shapes: each, ...(await measure(makeLoop(each, objects), objects, rounds, signal)) });
      end();
    }
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

async function measure(loop: Loop, objects: number, rounds: number, signal: AbortSignal) {
  const figures: number[] = [];
  let sum = 0;
  for (let round = -ROUNDS_WARM_UP; round < rounds; round += 1) {
    const startedAt = process.hrtime.bigint();
    sum = loop();
    const ns = Number(process.hrtime.bigint() - startedAt);
    if (round >= 0) figures.push(ns / objects);
    if (round % 10 === 9) await nextTurn();
    signal.throwIfAborted();
  }
  return { nsPerObject: Math.round(median(figures) * 100) / 100, sum };
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
