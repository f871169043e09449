import { access } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { Scratch } from '../../../src/demos/work/scratch.ts';

describe('scratch files', () => {
  test('have each a path of its own, also those that are asked for at the same time', async () => {
    const scratch = new Scratch();
    const lend = () => scratch.lend((path) => Promise.resolve(path));
    const paths = await Promise.all(Array.from({ length: 20 }, lend));
    expect(new Set(paths).size).toBe(20);
    await scratch.remove();
  });

  test('are gone when the work has ended', async () => {
    const scratch = new Scratch();
    const path = await scratch.lendFile(1_000, async (file) => {
      await access(file);
      return file;
    });
    await expect(access(path)).rejects.toThrow('ENOENT');
    await scratch.remove();
  });
});
