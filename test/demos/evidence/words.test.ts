import { expect, test } from '@jest/globals';
import { portion } from '../../../src/demos/evidence/words.ts';

test.each([
  [0.042, '4.2 % of its size'],
  [1, '100 % of its size'],
  [2.5, '2.5 times its size'],
  [275_421, '275421 times its size'],
])('a portion of %d is told as %s', (ratio, words) => {
  expect(portion(ratio, 'its size')).toBe(words);
});
