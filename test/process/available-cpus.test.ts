import { expect, test } from '@jest/globals';
import { availableCpus, parseCpuMax } from '../../src/process/available-cpus.ts';

test.each([
  ['150000 100000\n', 1.5],
  ['max 100000\n', undefined],
  ['', undefined],
  [undefined, undefined],
  ['-1 100000', undefined],
])('parseCpuMax(%j) returns %s CPUs', (text, cpus) => {
  expect(parseCpuMax(text)).toBe(cpus);
});

test.each([
  [8, 1.5, 2],
  [8, 0.1, 1],
  [2, 6, 2],
  [4, undefined, 4],
])('availableCpus() with %s CPUs and a quota of %s returns %s', (cpus, quota, available) => {
  expect(availableCpus(cpus, () => quota)).toBe(available);
});
