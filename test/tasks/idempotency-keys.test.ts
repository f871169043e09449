import { describe, expect, test } from '@jest/globals';
import { IdempotencyKeys } from '../../src/tasks/idempotency-keys.ts';

function counting(): { work: () => Promise<number>; readonly count: number } {
  let count = 0;
  return {
    work: async () => (count += 1),
    get count() {
      return count;
    },
  };
}

describe('idempotency keys', () => {
  test('are forgotten after their lifetime', async () => {
    let now = 0;
    const keys = new IdempotencyKeys<number>({ lifetimeMs: 1_000, now: () => now });
    const { work } = counting();
    await keys.once('k', {}, work);
    now = 999;
    expect(await keys.once('k', {}, work)).toEqual({ result: 1, replayed: true });
    now = 1_000;
    expect(await keys.once('k', {}, work)).toEqual({ result: 2, replayed: false });
  });

  test('are bounded: the oldest is forgotten for another', async () => {
    const keys = new IdempotencyKeys<number>({ capacity: 2 });
    const { work } = counting();
    for (const key of ['a', 'b', 'c']) await keys.once(key, {}, work);
    expect((await keys.once('c', {}, work)).replayed).toBe(true);
    expect((await keys.once('b', {}, work)).replayed).toBe(true);
    expect((await keys.once('a', {}, work)).replayed).toBe(false);
  });

  test('of work that failed can be used again', async () => {
    const keys = new IdempotencyKeys<number>();
    await expect(keys.once('k', {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await keys.once('k', {}, async () => 1)).toEqual({ result: 1, replayed: false });
  });
});
