import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Scratch } from '../../../../src/demos/kit/resources/scratch.ts';

describe('scratch files', () => {
  test('have different paths, even if they are created concurrently', async () => {
    const scratch = new Scratch();
    const usePath = () => scratch.withPath((path) => Promise.resolve(path));
    const paths = await Promise.all(Array.from({ length: 20 }, usePath));
    expect(new Set(paths).size).toBe(20);
    await scratch.remove();
  });

  test('are deleted after the work', async () => {
    const scratch = new Scratch();
    const path = await scratch.withFile(1_000, async (file) => {
      await access(file);
      return file;
    });
    await expect(access(path)).rejects.toThrow('ENOENT');
    await scratch.remove();
  });

  test('can be created after another process deleted their folder', async () => {
    const scratch = new Scratch();
    const folder = await scratch.withPath((path) => Promise.resolve(dirname(path)));
    await rm(folder, { recursive: true });
    await expect(scratch.withFile(1, (path) => access(path))).resolves.toBeUndefined();
    await scratch.remove();
  });

  test('can be created after an attempt to create their folder failed', async () => {
    const parent = join(await mkdtemp(join(tmpdir(), 'scratch-')), 'missing');
    const scratch = new Scratch(parent);
    const usePath = () => scratch.withPath((path) => Promise.resolve(path));

    const failed = usePath();
    const removed = scratch.remove();
    await expect(failed).rejects.toThrow('ENOENT');
    await expect(removed).resolves.toBeUndefined();

    await mkdir(parent);
    await expect(usePath()).resolves.toContain(parent);
    await scratch.remove();
    await rm(join(parent, '..'), { recursive: true });
  });
});
