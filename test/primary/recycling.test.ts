import { expect, test } from '@jest/globals';
import { Recycling } from '../../src/primary/recycling.ts';
import type { WorkerReport } from '../../src/supervision/supervision.ts';

const MB = 1024 * 1024;
const config = { WORKERS: 2, WORKER_MAX_HEAP_MB: 100, WORKER_MAX_RSS_MB: 300, WORKER_MAX_AGE_S: 0 };
const worker = { slot: 0, uptimeMs: 1_000 };

function report(heapMb: number, rssMb: number): WorkerReport {
  const vitals = { heapUsedBytes: heapMb * MB, heapLimitBytes: 1_000 * MB, rssBytes: rssMb * MB };
  return { vitals } as WorkerReport;
}

test.each([
  ['its heap', report(101, 200), 'heap above 100 MB'],
  ['its resident memory', report(50, 301), 'resident memory above 300 MB'],
])('a worker is recycled if %s stays above the limit', (_what, large, reason) => {
  const recycling = new Recycling();
  expect(recycling.reasonFor(worker, large, config)).toBeUndefined();
  expect(recycling.reasonFor(worker, large, config)).toBe(reason);
});

test('a worker is not recycled for a peak', () => {
  const recycling = new Recycling();
  for (const current of [report(50, 301), report(50, 200), report(50, 301)]) {
    expect(recycling.reasonFor(worker, current, config)).toBeUndefined();
  }
});
