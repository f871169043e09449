import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

  test('are lent also after their folder was removed by somebody else', async () => {
    const scratch = new Scratch();
    const folder = await scratch.lend((path) => Promise.resolve(dirname(path)));
    await rm(folder, { recursive: true });
    await expect(scratch.lendFile(1, (path) => access(path))).resolves.toBeUndefined();
    await scratch.remove();
  });

  test('are lent again once their folder can be made, and a failure does not outlive the request', async () => {
    const parent = join(await mkdtemp(join(tmpdir(), 'scratch-')), 'missing');
    const scratch = new Scratch(parent);
    const lend = () => scratch.lend((path) => Promise.resolve(path));

    const failed = lend();
    const removed = scratch.remove();
    await expect(failed).rejects.toThrow('ENOENT');
    await expect(removed).resolves.toBeUndefined();

    await mkdir(parent);
    await expect(lend()).resolves.toContain(parent);
    await scratch.remove();
    await rm(join(parent, '..'), { recursive: true });
  });
});
