import { timingSafeEqual } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { median, signTest } from '../evidence/statistics.ts';
import { percent } from '../evidence/words.ts';

/** Comparisons in one measurement: one alone is shorter than the clock can tell. */
const BATCH = 32;
/** How far from chance, in standard deviations, a difference must be to count: one in 15,000 by chance. */
const CERTAIN_Z = 4;
/** How long the event loop is held at a time. */
const SLICE_MS = 10;

const row = z.strictObject({
  comparison: z.string(),
  firstWrongNs: z.number().describe('Median time of a comparison whose first character is wrong'),
  lastWrongNs: z.number().describe('The same where only the last one is wrong'),
  differenceNs: z.number().describe('Median of the differences, measurement by measurement'),
  slowerShare: z.number().describe('Measurements in which the last one took longer; 0.5 is chance'),
  z: z.number().describe('Distance from chance, in standard deviations'),
  noiseNs: z.number().describe('The same difference between two equal comparisons: what noise alone shows'),
  leaks: z.boolean(),
});
type Row = z.infer<typeof row>;

const result = z.strictObject({
  length: z.number(),
  samples: z.number(),
  comparisons: z.number(),
  rows: z.array(row),
});

type Compare = (a: Pair, b: Pair) => boolean;

/** The same text in the two forms that comparisons take. */
interface Pair {
  readonly text: string;
  readonly bytes: Buffer;
}

const ways: readonly { readonly name: string; readonly compare: Compare }[] = [
  { name: 'early-exit loop', compare: (a, b) => stopAtDifference(a.text, b.text) },
  { name: '===', compare: (a, b) => a.text === b.text },
  { name: 'timingSafeEqual', compare: (a, b) => timingSafeEqual(a.bytes, b.bytes) },
];

export const timing = demoRoute({
  method: 'get',
  path: '/timing',
  summary:
    'Measures whether the time of a comparison tells where a guess is wrong: naive, and timingSafeEqual.',
  teaches:
    'A comparison that stops at the first difference tells by its time how much of a guess is right. Compare secrets ' +
    'with timingSafeEqual.',
  query: z.object({
    length: wholeNumber('Characters of the secret', { min: 8, max: 16_384, default: 512 }),
    samples: wholeNumber('Measurements of each kind', { min: 100, max: 20_000, default: 3_000 }),
  }),
  result,
  examples: [
    { title: 'A long secret', query: { as: 'text' } },
    {
      title: 'A short one: the difference may drown in noise',
      query: { length: 8, samples: 500, as: 'text' },
    },
  ],
  contrasts: [],
  async run({ query: { length, samples }, signal, timeline }) {
    const rows: Row[] = [];
    for (const { name, compare } of ways) {
      const end = timeline.begin(name, 'event loop');
      rows.push(describe(name, await measure(compare, length, samples, signal)));
      end();
    }
    const measured = { length, samples, comparisons: samples * BATCH * 3 * ways.length, rows };
    return { result: measured, lesson: conclude(length, rows) };
  },
});

function stopAtDifference(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return false;
  }
  return true;
}

interface Samples {
  readonly first: number[];
  readonly last: number[];
  /** The first kind once more, so that equal work can be compared with itself. */
  readonly control: number[];
}

/**
 * Measures the kinds in turn, in an order drawn anew each time, so that whatever disturbs this machine disturbs all of
 * them alike and the differences remain.
 */
async function measure(
  compare: Compare,
  length: number,
  samples: number,
  signal: AbortSignal,
): Promise<Samples> {
  const secret = pairOf('s'.repeat(length));
  const firstWrong = pairOf(`x${'s'.repeat(length - 1)}`);
  const lastWrong = pairOf(`${'s'.repeat(length - 1)}x`);
  const kinds = [
    { guess: firstWrong, times: [] as number[] },
    { guess: lastWrong, times: [] as number[] },
    { guess: firstWrong, times: [] as number[] },
  ] as const;
  const warmUp = Math.ceil(samples / 5);
  let sliceEnd = performance.now() + SLICE_MS;
  for (let sample = -warmUp; sample < samples; sample += 1) {
    for (const index of shuffledOrder()) {
      const kind = kinds[index];
      const ns = timeBatch(compare, secret, kind.guess);
      if (sample >= 0) kind.times.push(ns);
    }
    if (performance.now() < sliceEnd) continue;
    await nextTurn();
    signal.throwIfAborted();
    sliceEnd = performance.now() + SLICE_MS;
  }
  return { first: kinds[0].times, last: kinds[1].times, control: kinds[2].times };
}

/** @returns nanoseconds of one comparison */
function timeBatch(compare: Compare, secret: Pair, guess: Pair): number {
  let equal = 0;
  const startedAt = process.hrtime.bigint();
  for (let i = 0; i < BATCH; i += 1) if (compare(secret, guess)) equal += 1;
  const ns = Number(process.hrtime.bigint() - startedAt);
  // It is used, so that no compiler can leave the comparisons out.
  if (equal > 0) throw new Error('a wrong guess was taken for the secret');
  return ns / BATCH;
}

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

function shuffledOrder(): (typeof orders)[number] {
  return orders[Math.floor(Math.random() * orders.length)] ?? orders[0];
}

/** Written and read back: a flat string of its own, as one from a request is. */
function pairOf(text: string): Pair {
  const bytes = Buffer.from(text, 'latin1');
  return { text: bytes.toString('latin1'), bytes };
}

function describe(comparison: string, { first, last, control }: Samples): Row {
  const effect = signTest(last, first);
  const noise = signTest(control, first);
  return {
    comparison,
    firstWrongNs: round(median(first)),
    lastWrongNs: round(median(last)),
    differenceNs: round(effect.medianDifference),
    slowerShare: Math.round(effect.share * 1000) / 1000,
    z: Math.round(effect.z * 10) / 10,
    noiseNs: round(noise.medianDifference),
    leaks:
      Math.abs(effect.z) > CERTAIN_Z &&
      Math.abs(effect.z) > 2 * Math.abs(noise.z) &&
      Math.abs(effect.medianDifference) > 2 * Math.abs(noise.medianDifference),
  };
}

function conclude(length: number, rows: readonly Row[]): string {
  const leaking = rows.filter(({ leaks }) => leaks);
  const tight = rows.filter(({ leaks }) => !leaks);
  const told = leaking.map(
    ({ comparison, differenceNs, slowerShare }) =>
      `«${comparison}» (${Math.abs(differenceNs)} ns, to be seen in ${percent(Math.max(slowerShare, 1 - slowerShare))} of the measurements)`,
  );
  const quiet = tight.map(({ comparison }) => `«${comparison}»`).join(' and ');
  if (leaking.length === 0) {
    return `With ${length} characters no comparison told where a guess was wrong: any difference was hidden by the noise of this machine, which does not mean that there is none; raise length or samples.`;
  }
  const rest =
    tight.length === 0
      ? 'even timingSafeEqual seems to, so distrust this run: something else differs'
      : `${quiet} did not, beyond the noise of this machine`;
  return `With ${length} characters, time told where a guess was wrong in ${told.join(' and ')}; ${rest}.`;
}

function round(ns: number): number {
  return Math.round(ns * 10) / 10;
}
