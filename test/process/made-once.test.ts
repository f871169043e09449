import { describe, expect, test } from '@jest/globals';
import { MadeOnce } from '../../src/process/made-once.ts';

describe('what is made once', () => {
  test('is made when it is first asked for, and shared', async () => {
    let calls = 0;
    const once = new MadeOnce(async () => (calls += 1));

    expect(once.made).toBeUndefined();
    expect(await Promise.all([once.get(), once.get()])).toEqual([1, 1]);
    expect([await once.get(), await once.made]).toEqual([1, 1]);
  });

  test('is tried again after a failure, which all who waited are told', async () => {
    let calls = 0;
    const once = new MadeOnce(async () => {
      calls += 1;
      if (calls === 1) throw new Error('no room');
      return calls;
    });

    const outcomes = await Promise.allSettled([once.get(), once.get()]);

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(once.made).toBeUndefined();
    expect(await once.get()).toBe(2);
  });
});
