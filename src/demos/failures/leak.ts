import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { z } from 'zod';
import { bytes, percent } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { findManagement } from '../kit/management-address.ts';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';
import { perService } from '../kit/resources/per-service.ts';
import { otherEndings } from './outcomes.ts';

const MEGABYTE = 1_000_000;

const leakOf = perService((): number[][] => []);

export const leakRoute = demoRoute({
  method: 'post',
  path: '/leak',
  danger: true,
  title: 'Leak heap memory',
  summary: 'Allocates heap memory that stays referenced forever; each call adds to it.',
  teaches:
    'A leak grows until the heap is full, and then V8 aborts the process. The primary recycles a worker before that: above ' +
    "WORKER_MAX_HEAP_MB, or near V8's own limit.",
  query: z.object({ mb: wholeNumber('Megabytes to leak', { min: 1, max: 2_000, default: 64 }) }),
  result: z.strictObject({
    leakedBytes: z.number().describe('By all calls to this worker'),
    heapBeforeBytes: z.number().describe('Heap in use before this call, after a garbage collection'),
    heapAfterBytes: z.number().describe('Heap in use after it and another garbage collection'),
    heapLimitBytes: z.number().describe('V8 aborts the process at this size'),
    watch: z.array(z.string()).describe('Where to observe it'),
  }),
  examples: [{ title: 'Grow by 64 MB', query: { as: 'text' } }],
  contrasts: otherEndings('leak'),
  async run({ query, resources, signal }) {
    const management = await findManagement(resources, signal);
    const watch = management === undefined ? [] : [`curl -s ${management}/workers`];
    const leak = leakOf(resources);
    const heapBeforeBytes = reachableHeapBytes();
    for (let mb = 0; mb < query.mb; mb += 1) leak.push(allocateMegabyte());
    const heapAfterBytes = reachableHeapBytes();
    const heapLimitBytes = getHeapStatistics().heap_size_limit;
    const leakedBytes = leak.length * MEGABYTE;
    const share = percent(heapAfterBytes / heapLimitBytes);
    return {
      result: { leakedBytes, heapBeforeBytes, heapAfterBytes, heapLimitBytes, watch },
      lesson: {
        headline: `The heap is at ${share} of its limit after the leak`,
        text:
          `The heap in use went from ${bytes(heapBeforeBytes)} to ${bytes(heapAfterBytes)}, each measured after a ` +
          `garbage collection, which cannot free what is still referenced. That is ${share} of the limit at which V8 ` +
          'aborts this process.',
      },
    };
  },
});

function reachableHeapBytes(): number {
  collectGarbage('major');
  return process.memoryUsage().heapUsed;
}

/** An array of doubles has eight bytes for each, in the heap itself. */
function allocateMegabyte(): number[] {
  return new Array<number>(MEGABYTE / 8).fill(0.5);
}
