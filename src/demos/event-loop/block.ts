import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { demoRoute } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { countPrimes } from '../kit/primes/primes.ts';
import { withBystanders } from './bystanders.ts';
import { limitFor } from '../kit/primes/primes-cost.ts';
import { concludeImpact, impactSchema, msParameter } from './work-impact.ts';

export const block = demoRoute({
  method: 'get',
  path: '/block',
  title: 'Block the event loop',
  summary: 'Counts primes in one go on the event loop, which is the wrong way, and measures who waits.',
  teaches:
    'While one callback computes, no timer of that thread fires and none of its requests gets a response.',
  alone: true,
  query: z.object({ ms: msParameter }),
  result: impactSchema,
  examples: [{ title: 'In one go', query: { ms: 300, as: 'text' } }],
  contrasts: ['event-loop/yield', 'event-loop/offload'],
  async run({ query, signal, timeline, resources }) {
    const limit = limitFor(query.ms, resources);
    const work = async () => {
      const startedAt = performance.now();
      const primes = await timeline.record('count primes', 'event loop', () => countPrimes(limit));
      return { primes, workMs: toMicroseconds(performance.now() - startedAt) };
    };
    const { value, bystanders } = await withBystanders(work, timeline, signal);
    const result = { limit, ...value, ...bystanders };
    return { result, lesson: concludeImpact('in one go on the event loop', result) };
  },
});
