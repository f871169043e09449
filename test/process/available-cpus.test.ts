import { describe, expect, test } from '@jest/globals';
import { availableCpus, parseCpuMax } from '../../src/process/available-cpus.ts';

describe('available cores', () => {
  test.each([
    ['150000 100000\n', 1.5],
    ['max 100000\n', undefined],
    ['', undefined],
    [undefined, undefined],
    ['-1 100000', undefined],
  ])('cpu.max %j means %s cores', (text, cores) => {
    expect(parseCpuMax(text)).toBe(cores);
  });

  test('are never more than the quota, rounded up, and never less than one', () => {
    expect(availableCpus(8, () => 1.5)).toBe(2);
    expect(availableCpus(8, () => 0.1)).toBe(1);
    expect(availableCpus(2, () => 6)).toBe(2);
    expect(availableCpus(4, () => undefined)).toBe(4);
  });
});
