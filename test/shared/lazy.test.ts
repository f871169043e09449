import { describe, expect, test } from '@jest/globals';
import { Lazy } from '../../src/shared/lazy.ts';

describe('a lazy value', () => {
  test('is created on first use and shared', async () => {
    let calls = 0;
    const lazy = new Lazy(async () => (calls += 1));

    expect(lazy.peek()).toBeUndefined();
    expect(await Promise.all([lazy.get(), lazy.get()])).toEqual([1, 1]);
    expect([await lazy.get(), await lazy.peek()]).toEqual([1, 1]);
  });

  test('is created again after a failure, which rejects all concurrent calls', async () => {
    let calls = 0;
    const lazy = new Lazy(async () => {
      calls += 1;
      if (calls === 1) throw new Error('no memory');
      return calls;
    });

    const outcomes = await Promise.allSettled([lazy.get(), lazy.get()]);

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(lazy.peek()).toBeUndefined();
    expect(await lazy.get()).toBe(2);
  });
});
