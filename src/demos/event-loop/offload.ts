import { z } from 'zod';
import { demoRoute } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { withBystanders } from './bystanders.ts';
import { limitFor } from '../kit/primes/primes-cost.ts';
import { concludeImpact, impactSchema, msParameter } from './work-impact.ts';

export const offload = demoRoute({
  method: 'get',
  path: '/offload',
  title: 'Offload to a thread',
  summary: 'Counts primes on a pooled worker thread and keeps the event loop free.',
  teaches:
    'A worker thread takes the work off the event loop. That costs a hand-over, and the thread needs a free core to run ' +
    'in parallel.',
  alone: true,
  query: z.object({ ms: msParameter }),
  result: impactSchema.extend({
    queuedMs: z.number().describe('From the call to the start of the work, including the start of a thread'),
  }),
  examples: [{ title: 'On a thread', query: { ms: 300, as: 'text' } }],
  contrasts: ['event-loop/block', 'event-loop/yield', 'cpu/thread-pool'],
  async run({ query, signal, timeline, resources }) {
    const limit = limitFor(query.ms, resources);
    const work = () =>
      resources.budgets.threads.use(1, signal, async () => {
        const calledAt = monotonicMs();
        return { calledAt, ...(await resources.pool().run({ limit }, { signal })) };
      });
    const { value, bystanders } = await withBystanders(work, timeline, signal);
    const { primes, calledAt, startedAt, endedAt } = value;
    const zero = monotonicMs() - timeline.now();
    timeline.add('queue and startup', 'pooled thread', calledAt - zero, startedAt - zero);
    timeline.add('count primes', 'pooled thread', startedAt - zero, endedAt - zero);
    const result = {
      limit,
      primes,
      workMs: toMicroseconds(endedAt - startedAt),
      ...bystanders,
      queuedMs: toMicroseconds(Math.max(0, startedAt - calledAt)),
    };
    return { result, lesson: concludeImpact('on a worker thread', result) };
  },
});
