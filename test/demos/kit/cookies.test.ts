import { expect, test } from '@jest/globals';
import { parseCookies } from '../../../src/demos/kit/cookies.ts';

test('parses the first of two equal names and ignores pairs without a name', () => {
  expect([...parseCookies('a=1;\tb="x y" ; a=2; =n; noise; __proto__=p; c=d=e')]).toEqual([
    ['a', '1'],
    ['b', '"x y"'],
    ['__proto__', 'p'],
    ['c', 'd=e'],
  ]);
});

test('a name with another character in front is another name', () => {
  expect([...parseCookies('\xa0__Host-visits=1; __Host-visits2=2; __host-visits=3').keys()]).toEqual([
    '\xa0__Host-visits',
    '__Host-visits2',
    '__host-visits',
  ]);
});
