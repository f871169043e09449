import { expect, test } from '@jest/globals';
import { Problem, toDetails } from '../../src/http/problem.ts';

test.each([
  ['/tasks/1', '/tasks/1'],
  ['/%41%2f', '/%41%2f'],
  ['/"<>`{}|\\^', '/%22%3C%3E%60%7B%7D%7C%5C%5E'],
  ['//other.example/x', '/.//other.example/x'],
  ['*', undefined],
])('the instance of a problem at %s is %s', (path, instance) => {
  expect(toDetails(new Problem('not-found'), 'id', path).instance).toBe(instance);
});
