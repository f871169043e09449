import { hash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { median } from '../../shared/statistics.ts';
import { percent } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { BATCH, KINDS, timeComparison, type Compare, type Durations } from './comparison-timer.ts';
import { signTest } from './sign-test.ts';

/** How many standard deviations from chance a difference must be to count: 1 in 15,000 by chance. */
const CERTAIN_Z = 4;

/** Characters times measurements: as many take a few seconds. */
const MAX_PRODUCT = 40_000_000;

const comparisons: readonly { readonly name: string; readonly compare: Compare }[] = [
  { name: 'early-exit loop', compare: (a, b) => stopAtDifference(a.text, b.text) },
  { name: '===', compare: (a, b) => a.text === b.text },
  { name: 'timingSafeEqual', compare: (a, b) => timingSafeEqual(a.bytes, b.bytes) },
];

const row = z.strictObject({
  comparison: z.string(),
  firstWrongNs: z.number().describe('Median duration if the first character is wrong'),
  lastWrongNs: z.number().describe('Median duration if only the last character is wrong'),
  differenceNs: z.number().describe('Median of the differences between paired measurements'),
  slowerShare: z.number().describe('Share of pairs in which the last one took longer; 0.5 is chance'),
  z: z.number().describe('Distance from chance, in standard deviations'),
  noiseNs: z.number().describe('Median difference between two equal comparisons, which is noise'),
  leaks: z.boolean(),
});
type Row = z.infer<typeof row>;

const result = z.strictObject({
  length: z.number(),
  samples: z.number(),
  comparisons: z.number(),
  rows: z.array(row),
  unequalLengths: z.strictObject({
    direct: z.string().describe('What timingSafeEqual does with a guess of another length'),
    hashed: z.string().describe('The same, comparing hashes of both'),
  }),
});

export const timing = demoRoute({
  method: 'get',
  path: '/timing',
  title: 'Timing attacks',
  summary: 'Measures whether the duration of a comparison reveals how much of a guess is right.',
  teaches:
    'A comparison that stops at the first difference takes longer the more of a guess is right, so an attacker can ' +
    'find a secret step by step. Compare secrets with crypto.timingSafeEqual.',
  query: z.object({
    length: wholeNumber('Characters of the secret', { min: 8, max: 16_384, default: 512 }),
    samples: wholeNumber('Measurements of each kind', { min: 100, max: 20_000, default: 3_000 }),
  }),
  result,
  examples: [
    { title: 'A long secret', query: { as: 'text' } },
    {
      title: 'A short secret, where noise may hide the difference',
      query: { length: 8, samples: 500, as: 'text' },
    },
  ],
  contrasts: [],
  async run({ query: { length, samples }, signal, timeline }) {
    if (length * samples > MAX_PRODUCT) {
      const message = `length times samples must be at most ${MAX_PRODUCT}`;
      throw new Problem('invalid-input', {
        detail: message,
        errors: [{ in: 'query', name: 'samples', message }],
      });
    }
    const rows: Row[] = [];
    for (const { name, compare } of comparisons) {
      const durations = await timeline.record(name, 'event loop', () =>
        timeComparison(compare, length, samples, signal),
      );
      rows.push(describe(name, durations));
    }
    const total = samples * BATCH * KINDS * comparisons.length;
    const unequalLengths = compareUnequal('s'.repeat(length), 's'.repeat(length + 1));
    return {
      result: { length, samples, comparisons: total, rows, unequalLengths },
      lesson: addUnequal(conclude(length, rows), unequalLengths),
    };
  },
});

/** A length is the first thing a guess gets wrong: timingSafeEqual throws then, so compare hashes, which are equally long. */
function compareUnequal(secret: string, guess: string) {
  const attempt = (prepare: (text: string) => Buffer) => {
    try {
      return timingSafeEqual(prepare(secret), prepare(guess)) ? 'accepted' : 'rejected';
    } catch (error) {
      return `throws ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    }
  };
  return {
    direct: attempt((text) => Buffer.from(text)),
    hashed: attempt((text) => hash('sha256', text, 'buffer')),
  };
}

function addUnequal(
  { headline, text }: Lesson,
  { direct, hashed }: z.infer<typeof result>['unequalLengths'],
): Lesson {
  return {
    headline,
    text: `${text} For a guess of another length timingSafeEqual ${direct}; of the hashes of both, the guess is ${hashed}.`,
  };
}

function stopAtDifference(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return false;
  }
  return true;
}

function describe(comparison: string, { firstWrong, lastWrong, control }: Durations): Row {
  const effect = signTest(lastWrong, firstWrong);
  const noise = signTest(control, firstWrong);
  return {
    comparison,
    firstWrongNs: round(median(firstWrong)),
    lastWrongNs: round(median(lastWrong)),
    differenceNs: round(effect.medianDifference),
    slowerShare: Math.round(effect.share * 1000) / 1000,
    z: round(effect.z),
    noiseNs: round(noise.medianDifference),
    leaks:
      Math.abs(effect.z) > CERTAIN_Z &&
      Math.abs(effect.z) > 2 * Math.abs(noise.z) &&
      Math.abs(effect.medianDifference) > 2 * Math.abs(noise.medianDifference),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function conclude(length: number, rows: readonly Row[]): Lesson {
  const leaking = rows.filter(({ leaks }) => leaks);
  if (leaking.length === 0) {
    return {
      headline: 'No comparison leaked more than the noise of this machine',
      text: `With ${length} characters, noise hid any difference. That does not mean that there is none: raise length or samples.`,
    };
  }
  const evidence = leaking.map(({ comparison, differenceNs, slowerShare }) => {
    const longer = differenceNs > 0;
    const pairs = percent(longer ? slowerShare : 1 - slowerShare);
    return `With "${comparison}" a wrong last character took ${Math.abs(differenceNs)} ns ${longer ? 'longer' : 'less'} than a wrong first one, in ${pairs} of the pairs.`;
  });
  const tight = rows.filter(({ leaks }) => !leaks);
  const rest =
    tight.length === 0
      ? 'Even timingSafeEqual seems to leak, so distrust this run: something else differs.'
      : `${list(tight)} showed no difference beyond the noise of this machine.`;
  return {
    headline: `${list(leaking)} revealed where a guess was wrong`,
    text: `The secret has ${length} characters. ${evidence.join(' ')} ${rest}`,
  };
}

function list(rows: readonly Row[]): string {
  return rows.map(({ comparison }) => `"${comparison}"`).join(' and ');
}
