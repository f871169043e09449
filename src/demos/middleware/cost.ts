import { z } from 'zod';
import { bytes, count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { CostJob, CostReport } from './cost-thread.ts';

const program = new URL('./cost-thread.ts', import.meta.url);

/** A difference counts if it is so many times that between two runs of the same stack. */
const CLEAR_TIMES = 3;
/** Two runs may agree by chance: no difference below this share of a request is taken for one. */
const MIN_NOISE_SHARE = 0.05;

const row = z.strictObject({
  stack: z.string(),
  layers: z.number(),
  perRequestNs: z.number().describe('Nanoseconds, in the fastest round'),
  addedNs: z.number().describe('By its layers, for each request'),
});

const resultSchema = z.strictObject({
  stacks: z.array(row),
  noiseNs: z
    .number()
    .describe('The difference between two runs of the stack without layers, at least 5% of a request'),
});
export type Result = z.infer<typeof resultSchema>;

export const cost = demoRoute({
  method: 'get',
  path: '/cost',
  title: 'What layers cost',
  summary:
    'Passes requests through no layer, many that only call next, many asynchronous ones, and a heavy one.',
  teaches:
    'A layer that only calls next costs a fraction of a microsecond, so their number matters little. What one does on ' +
    'every request matters: a single layer that parses, reads or computes costs as much as hundreds that do not. Measure ' +
    'before you remove layers.',
  query: z.object({ layers: wholeNumber('Layers in a stack', { min: 1, max: 200, default: 50 }) }),
  alone: true,
  result: resultSchema,
  examples: [
    { title: 'Fifty layers', query: { as: 'text' } },
    { title: 'Two hundred layers', query: { layers: 200, as: 'text' } },
  ],
  contrasts: ['middleware/order', 'event-loop/json?way=parse'],
  async run({ query: { layers }, signal, timeline, resources }) {
    const data: CostJob = { layers };
    const report = await timeline.record('pass requests', 'thread', () =>
      resources.budgets.threads.use(1, signal, () =>
        resources.threads.run(
          program,
          { data, signal },
          async (thread) => (await nextMessage<CostReport>(thread)).message,
        ),
      ),
    );
    const result = summarize(layers, report);
    return { result, lesson: conclude(result) };
  },
});

function summarize(layers: number, { none, control, plain, async, heavy, heavyBytes }: CostReport): Result {
  const base = Math.min(none, control);
  const describe = (stack: string, many: number, perRequestMs: number) => ({
    stack,
    layers: many,
    perRequestNs: toNanoseconds(perRequestMs),
    addedNs: toNanoseconds(perRequestMs - base),
  });
  return {
    stacks: [
      describe('none', 0, base),
      describe('call next', layers, plain),
      describe('await, then next', layers, async),
      describe(`parses ${bytes(heavyBytes)} of JSON`, 1, heavy),
    ],
    noiseNs: toNanoseconds(Math.max(MIN_NOISE_SHARE * base, Math.abs(none - control))),
  };
}

function toNanoseconds(valueMs: number): number {
  return Math.round(1e6 * valueMs);
}

export function conclude({ stacks, noiseNs }: Result): Lesson {
  const [none, plain, awaiting, heavy] = stacks;
  if (none === undefined || plain === undefined || awaiting === undefined || heavy === undefined) {
    throw new Error('there are four stacks');
  }
  const figures =
    `A request took ${readable(none.perRequestNs)} without a layer. ${count(plain.layers, 'layer')} that only call next added ` +
    `${readable(Math.max(0, plain.addedNs))}, as many that await first ${readable(Math.max(0, awaiting.addedNs))}, and one that ` +
    `${heavy.stack} ${readable(Math.max(0, heavy.addedNs))}. Differences below ${readable(noiseNs)} are noise.`;
  if (plain.addedNs < CLEAR_TIMES * noiseNs || plain.addedNs <= 0) {
    return {
      headline: 'This run does not tell: the layers cost less than the noise',
      text: `${figures} Use more layers.`,
    };
  }
  const perLayerNs = plain.addedNs / plain.layers;
  return {
    headline: `One heavy layer cost ${times(heavy.addedNs / perLayerNs)} as much as an empty one`,
    text: `${figures} That is ${readable(perLayerNs)} for each layer that only calls next.`,
  };
}

function readable(ns: number): string {
  return ns < 1_000 ? `${Math.round(ns)} ns` : ms(ns / 1e6);
}
