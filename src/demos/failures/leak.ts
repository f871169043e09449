import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { z } from 'zod';
import { demoRoute, wholeNumber, type DemoCall } from '../demo.ts';
import { collectGarbage } from '../evidence/collect-garbage.ts';
import { bytes, percent } from '../evidence/words.ts';
import { oncePerService } from '../work/once-per-service.ts';
import { watchWorkers } from './announce.ts';
import { otherEnds } from './courses.ts';

const LEAK_BLOCK_MB = 1;

export const leakRoute = demoRoute({
  method: 'post',
  path: '/leak',
  danger: true,
  summary: 'Holds memory on the heap that is never given back; each call adds to it.',
  teaches:
    'A leak ends a process sooner or later. WORKER_MAX_HEAP_MB has the worker recycled before the heap is full.',
  query: z.object({ mb: wholeNumber('Megabytes to leak', { min: 1, max: 2_000, default: 64 }) }),
  result: z.strictObject({
    leakedBytes: z.number().describe('By all calls to this worker so far'),
    heapBeforeBytes: z.number(),
    heapAfterBytes: z.number().describe('After a garbage collection: what it could not free'),
    heapLimitBytes: z.number(),
    watch: z.array(z.string()),
  }),
  examples: [{ title: 'Grow by 64 MB', query: { as: 'text' } }],
  contrasts: otherEnds('leak'),
  run: leak,
});

const leakedOf = oncePerService((): number[][] => []);

async function leak({ query, tools, signal }: DemoCall<undefined, { readonly mb: number }, undefined>) {
  const watch = await watchWorkers(tools, signal);
  const held = leakedOf(tools);
  collectGarbage('major');
  const heapBeforeBytes = process.memoryUsage().heapUsed;
  for (let mb = 0; mb < query.mb; mb += LEAK_BLOCK_MB) held.push(megabyteOfHeap());
  collectGarbage('major');
  const heapAfterBytes = process.memoryUsage().heapUsed;
  const heapLimitBytes = getHeapStatistics().heap_size_limit;
  const leakedBytes = held.length * LEAK_BLOCK_MB * 1_000_000;
  return {
    result: {
      leakedBytes,
      heapBeforeBytes,
      heapAfterBytes,
      heapLimitBytes,
      watch,
    },
    lesson:
      `The heap grew from ${bytes(heapBeforeBytes)} to ${bytes(heapAfterBytes)}, and a collection could not free it; ` +
      `that is ${percent(heapAfterBytes / heapLimitBytes)} of what this process may have before it is aborted.`,
  };
}

/** Fractions are stored as eight bytes each, on the heap itself and not beside it. */
function megabyteOfHeap(): number[] {
  return new Array<number>((LEAK_BLOCK_MB * 1_000_000) / 8).fill(0.5);
}
