/** The checks of this suite find what they look for. */
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Answer } from '../../src/demos/kit/answer/answer.ts';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute, type Route } from '../../src/routes/route.ts';
import { faultsOf } from './check-response.ts';
import { coveringCombinations, everyCombination } from './combinations.ts';
import { extremeRequests } from './extreme-requests.ts';

const answer = z.looseObject({ result: z.looseObject({ ms: z.number() }) });
const route = defineRoute({
  method: 'get',
  path: '/starve',
  title: 'A route',
  summary: 'For this test.',
  query: z.strictObject({
    tasks: z.coerce.number().min(1).max(64).default(4),
    way: z.enum(['a', 'b', 'c']).default('a'),
    text: z.string().default('x'),
  }),
  response: answer,
  examples: [{ title: 'One', query: { text: 'of the example' } }],
  handler: () => ({ result: { ms: 1 } }),
});
const evidence: Route = { ...route, json: answer };
const feature: Feature = {
  id: 'thread-pool',
  base: '/demos/thread-pool',
  title: '',
  summary: '',
  guard: 'public',
  routes: [evidence],
};
const [request] = extremeRequests(feature, evidence, false);

function faults(
  lesson: Answer['lesson'],
  result: object = {},
  given: Partial<{ status: number; body: string }> = {},
) {
  if (request === undefined) throw new Error('there is no request');
  const cost = { elapsedMs: 1, cpuMs: 1, eventLoop: { utilization: 0, maxDelayMs: 0 }, rssDeltaBytes: 0 };
  const ranOn = { pid: 1, worker: 1, threadId: 0, node: 'v24' };
  const full = { demo: request.demo, ranOn, result: { ms: 1, ...result }, cost, lesson, compareWith: [] };
  const received = { status: 200, headers: {}, body: JSON.stringify(full), elapsedMs: 1, ...given };
  return faultsOf(request, received, { shared: false, threads: 4 });
}

/** In parts, or the test of all words would find it here. */
const UNUSUAL = ['an', 'ew'].join('');

const latencies = [{ operation: 'file read', freeMs: 1, fullMs: 100, ratio: 100, keysBefore: 4 }];
const waited = {
  headline: 'Behind a full pool, a file read took 100× as long',
  text: 'It waited for all of them.',
};

describe('the check of a response', () => {
  test('accepts a lesson that its figures show', () => {
    expect(faults(waited, { tasks: 16, latencies })).toEqual([]);
  });

  test.each([
    ['too few tasks to fill the pool', { tasks: 2, latencies }],
    ['an operation that waited for no key', { tasks: 16, latencies: [{ ...latencies[0], keysBefore: 0 }] }],
    ['another ratio than the one in the lesson', { tasks: 16, latencies: [{ ...latencies[0], ratio: 3 }] }],
  ])('finds a claim of waiting with %s', (_what, result) => {
    expect(faults(waited, result)).toEqual([expect.stringContaining('is not in the figures')]);
  });

  test.each([
    ['a headline that no claim knows', 'Something else', [/knows the headline/]],
    ['a long headline', `This run does not show${' a word'.repeat(5)}`, [/has 15 words/]],
    ['a figure that is none', 'This run does not show NaN ms', [/says NaN/]],
    ['a zero with a sign', 'This run does not show -0 B', [/says -0/]],
    ['an unusual word', `This run does not show ${UNUSUAL}`, [/use "again"/]],
  ])('finds %s', (_what, headline, found) => {
    expect(faults({ headline, text: 'Nothing.' })).toEqual(
      found.map((fault) => expect.stringMatching(fault)),
    );
  });

  test('finds a result of another shape and a status that is not declared', () => {
    const undecided = { headline: 'This run does not show it', text: 'Nothing.' };
    const problem = (code: string, detail: string) => ({ body: JSON.stringify({ code, detail }) });

    expect(faults(undecided, { ms: null })).toEqual([expect.stringContaining('result.ms')]);
    expect(faults(undecided, {}, { status: 500, ...problem('internal', 'failed') })).toHaveLength(1);
    expect(faults(undecided, {}, { status: 503, ...problem('busy', 'too few are free') })).toHaveLength(1);
    const tooLong = 'tasks would run for about 20 s on this machine; at most 10 s is allowed';
    expect(faults(undecided, {}, { status: 400, ...problem('invalid-input', tooLong) })).toEqual([]);
    expect(faults(undecided, {}, { status: 400, ...problem('invalid-input', 'is no number') })).toHaveLength(
      1,
    );
  });
});

describe('the extremes of a route', () => {
  test('are its bounds and its words, with the other parameters of an example', () => {
    const targets = (full: boolean) => extremeRequests(feature, evidence, full).map(({ query }) => query);

    expect(targets(false)).toEqual([
      { text: 'of the example', tasks: 1, way: 'a' },
      { text: 'of the example', tasks: 64, way: 'c' },
      expect.objectContaining({ way: 'b' }),
    ]);
    expect(targets(true)).toHaveLength(6);
  });

  test('cover every value alone, or every pair of values', () => {
    const choices = { a: [1, 2], b: [1, 2], c: ['x', 'y', 'z'], d: [0, 9] };
    const pairsOf = (row: Readonly<Record<string, unknown>>) => {
      const entries = Object.entries(row).map((entry) => entry.join('='));
      return entries.flatMap((one, index) => entries.slice(index + 1).map((other) => `${one}&${other}`));
    };
    const all = new Set(everyCombination(choices).flatMap(pairsOf));
    const covering = coveringCombinations(choices, 2);

    expect(coveringCombinations(choices, 1)).toHaveLength(3);
    expect(new Set(covering.flatMap(pairsOf))).toEqual(all);
    expect(covering.length).toBeLessThan(everyCombination(choices).length / 2);
  });
});
