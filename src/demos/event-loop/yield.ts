import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { countPrimesInSlices } from '../kit/primes/primes.ts';
import { withBystanders } from './bystanders.ts';
import { limitFor } from '../kit/primes/primes-cost.ts';
import { concludeImpact, impactSchema, msParameter } from './work-impact.ts';

export const yieldBetweenSlices = demoRoute({
  method: 'get',
  path: '/yield',
  title: 'Yield between slices',
  summary: 'Counts primes in slices of `sliceMs` milliseconds and lets the event loop iterate in between.',
  teaches:
    'Between two slices each other callback has its turn. A request needs several callbacks (accept, read, respond) and ' +
    'may wait for a slice before each: keep a slice at a fraction of the delay that you accept.',
  alone: true,
  query: z.object({
    ms: msParameter,
    sliceMs: wholeNumber('Length of a slice in milliseconds', { min: 1, max: 100, default: 5 }),
  }),
  result: impactSchema.extend({ slices: z.number(), longestSliceMs: z.number() }),
  examples: [
    { title: 'In short slices', query: { ms: 300, as: 'text' } },
    { title: 'In long slices', query: { ms: 300, sliceMs: 50, as: 'text' } },
  ],
  contrasts: ['event-loop/block', 'event-loop/offload'],
  async run({ query, signal, timeline, resources }) {
    const limit = limitFor(query.ms, resources);
    const zero = timeline.startedAt;
    const work = async () => {
      const startedAt = performance.now();
      const counted = await countPrimesInSlices(limit, query.sliceMs, signal, (from, to) =>
        timeline.add('slice', 'event loop', from - zero, to - zero),
      );
      return { ...counted, workMs: toMicroseconds(performance.now() - startedAt) };
    };
    const { value, bystanders } = await withBystanders(work, timeline, signal);
    const longestSliceMs = toMicroseconds(value.longestSliceMs);
    const result = { limit, ...value, longestSliceMs, ...bystanders };
    const where = `in ${count(value.slices, 'slice')} of at most ${ms(longestSliceMs)} on the event loop`;
    return { result, lesson: concludeImpact(where, result, longestSliceMs) };
  },
});
