import { describe, expect, test } from '@jest/globals';
import { heapOptions, maxRssBytes, memoryShare } from '../../src/primary/memory-limits.ts';

const MB = 1024 * 1024;
const unlimited = 2 ** 64;

describe("a process's share of the memory", () => {
  test.each([
    ['is a part of the limit for each worker and the primary', 3, 1_024 * MB, 256 * MB],
    ['is undefined without a limit', 3, 0, undefined],
    ['is undefined if the limit is larger than the memory', 3, unlimited, undefined],
  ])('%s', (_what, WORKERS, limit, share) => {
    expect(memoryShare({ WORKERS }, limit, 8_192 * MB)).toBe(share);
  });
});

describe('the resident memory above which a worker is recycled', () => {
  test.each([
    ['follows the share by default', 'auto', 1_000 * MB, 900 * MB],
    ['is not so small that an idle worker exceeds it', 'auto', 50 * MB, 200 * MB],
    ['is unlimited by default without a share', 'auto', undefined, Infinity],
    ['is the configured one', 300, 1_000 * MB, 300 * MB],
    ['is unlimited with 0', 0, 1_000 * MB, Infinity],
  ] as const)('%s', (_what, WORKER_MAX_RSS_MB, share, bytes) => {
    expect(maxRssBytes({ WORKERS: 2, WORKER_MAX_RSS_MB }, share)).toBe(bytes);
  });
});

describe("the options for a worker's heap", () => {
  test('limit it to a part of the share', () => {
    expect(heapOptions(500 * MB, '')).toEqual(['--max-old-space-size=300']);
  });

  test("never raise V8's own limit", () => {
    const [option = ''] = heapOptions(1_000_000 * MB, '');
    expect(Number(option.split('=')[1])).toBeLessThan(100_000);
  });

  test.each(['--max-old-space-size=100', '--inspect --max_old_space_size=100', '--max-heap-size=100'])(
    'keep %s',
    (given) => {
      expect(heapOptions(500 * MB, given)).toEqual([]);
    },
  );

  test('are empty without a share', () => {
    expect(heapOptions(undefined, '')).toEqual([]);
  });
});
