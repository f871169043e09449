import { expect, test } from '@jest/globals';
import { portion } from '../../../../src/demos/kit/answer/units.ts';

test.each([
  [0.042, '4.2% of its size'],
  [1, '100% of its size'],
  [2.5, '2.5× its size'],
  [275_421, '275421× its size'],
])('portion() formats a ratio of %d as "%s"', (ratio, words) => {
  expect(portion(ratio, 'its size')).toBe(words);
});
