import { setImmediate as nextIteration } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import {
  describePeak,
  MEMORY_RESOLUTION_BYTES,
  MemorySampler,
} from '../../../../src/demos/kit/measure/memory-sampler.ts';

describe('the memory sampler', () => {
  test('does not count buffers that were released just before it started', async () => {
    const hold = async () => {
      const sampler = new MemorySampler();
      const held = Array.from({ length: 250 }, () => Buffer.alloc(64_000, 1));
      sampler.sample();
      expect(held).toHaveLength(250);
      return sampler.stop().peakDeltaBytes;
    };
    for (let round = 0; round < 3; round += 1) {
      expect(await hold()).toBeGreaterThan(12_000_000);
      await nextIteration();
    }
  });

  test('measures what is held when `sample` is called, to its resolution', () => {
    const sampler = new MemorySampler();
    const held = Array.from({ length: 16 }, () => Buffer.alloc(1_000_000, 1));
    sampler.sample();
    held.length = 0;
    const { peakDeltaBytes } = sampler.stop();

    expect(Math.abs(peakDeltaBytes - 16_000_000)).toBeLessThan(MEMORY_RESOLUTION_BYTES);
  });

  test('does not count garbage', () => {
    const sampler = new MemorySampler();
    for (let i = 0; i < 16; i += 1) Buffer.alloc(1_000_000, 1);
    const { peakDeltaBytes } = sampler.stop();

    expect(peakDeltaBytes).toBeLessThan(MEMORY_RESOLUTION_BYTES);
  });

  test('takes a sample for a chunk only after its interval', () => {
    const sampler = new MemorySampler(60_000);
    for (let chunk = 0; chunk < 1_000; chunk += 1) sampler.sampleIfDue();

    expect(sampler.stop().samples).toBe(3); // at the start, for the first chunk, at the end
  });
});

describe('a peak in words', () => {
  test('is only an upper bound if it is below the resolution', () => {
    expect(describePeak(0)).toBe('less than 4.0 MB (the resolution of the measurement)');
    expect(describePeak(3_999_999, { bytes: 5, name: 'the body size' })).not.toContain('body');
    expect(describePeak(4_000_000)).toBe('at most 4.0 MB');
  });

  test('is a share only of something that is large enough', () => {
    expect(describePeak(8_000_000, { bytes: 16_000_000, name: 'the file size' })).toBe(
      'at most 8.0 MB, 50% of the file size',
    );
    expect(describePeak(8_000_000, { bytes: 5, name: 'the file size' })).toBe('at most 8.0 MB');
  });
});
