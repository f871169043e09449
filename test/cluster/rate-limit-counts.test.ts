import { describe, expect, test } from '@jest/globals';
import { MemoryStore, type Options } from 'express-rate-limit';
import { SnapshotStore } from '../../src/cluster/rate-limit-counts.ts';

/** What callers are told whose requests are counted in one turn. */
async function countInOneTurn(store: MemoryStore): Promise<number[]> {
  store.init({ windowMs: 60_000 } as Options);
  const counted = await Promise.all([store.increment('a'), store.increment('a'), store.increment('a')]);
  store.shutdown();
  return counted.map(({ totalHits }) => totalHits);
}

describe('the counts of rate limits', () => {
  test('tell each caller its own, also where several are counted in one turn', async () => {
    expect(await countInOneTurn(new SnapshotStore())).toEqual([1, 2, 3]);
  });

  test('the package alone tells all of them the last; when it no longer does, SnapshotStore can go', async () => {
    expect(await countInOneTurn(new MemoryStore())).toEqual([3, 3, 3]);
  });
});
