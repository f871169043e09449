import { expect, test } from '@jest/globals';
import { PasswordHasher } from '../../src/accounts/password-hasher.ts';

test('equal passwords have different hashes, which name their parameters', async () => {
  const hasher = new PasswordHasher({ logN: 8 });
  const [first, second] = await Promise.all([hasher.hash('one'), hasher.hash('one')]);
  expect(first).not.toBe(second);
  expect(first).toMatch(/^\$scrypt\$ln=8,r=8,p=5\$/);
  expect(await hasher.verify('one', first)).toBe(true);
  expect(await hasher.verify('two', first)).toBe(false);
  expect(await hasher.verify('one', undefined)).toBe(false);
});

test('a hash of other parameters is valid, and outdated only if it cost less', async () => {
  const cheap = new PasswordHasher({ logN: 8 });
  const expensive = new PasswordHasher({ logN: 9 });
  const stored = await cheap.hash('one');
  expect(await expensive.verify('one', stored)).toBe(true);
  expect(expensive.isOutdated(stored)).toBe(true);
  expect(cheap.isOutdated(stored)).toBe(false);
  expect(cheap.isOutdated(await expensive.hash('one'))).toBe(false);
});

test('hashes two passwords at a time, queues 32 more, and rejects the rest with 503', async () => {
  let shed = 0;
  const hasher = new PasswordHasher({ logN: 8, onShed: () => (shed += 1) });
  const results = await Promise.allSettled(Array.from({ length: 40 }, () => hasher.hash('one')));
  const rejected = results.filter((result) => result.status === 'rejected');
  expect(rejected).toHaveLength(6);
  expect(rejected[0]?.reason).toMatchObject({ code: 'busy', status: 503, headers: { 'Retry-After': '1' } });
  expect(shed).toBe(6);
  await hasher.hash('one'); // all places are free again
});
