import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { bundleScripts } from '../../src/web/script-bundle.ts';

const bundle = (modules: Readonly<Record<string, string>>) =>
  bundleScripts(new Map(Object.entries(modules)), 'main.ts');

/** Runs a bundle. @returns what it assigns to `result` */
async function run(modules: Readonly<Record<string, string>>): Promise<unknown> {
  const context = { result: undefined };
  runInNewContext(await bundle(modules), context);
  return JSON.parse(JSON.stringify(context.result)) as unknown;
}

describe('a bundle', () => {
  test('runs each module once, after those that it imports, with names of its own', async () => {
    const modules = {
      'main.ts': `import { twice as double } from './b/twice.ts';
import { one, type One } from './one.ts';
const secret = 1;
const value: One = one;
result = [double(value), secret];`,
      'b/twice.ts': `import {
  one,
} from '../one.ts';
const secret = 2;
export function twice(value: number): number { return value * secret * one; }`,
      'one.ts': `export interface One {}
globalThis.timesRun = (globalThis.timesRun ?? 0) + 1;
export const one = globalThis.timesRun;`,
    };
    expect(await run(modules)).toEqual([2, 1]);
  });

  test.each([
    ['each other', { 'main.ts': "import { a } from './a.ts';", 'a.ts': "import { b } from './main.ts';" }],
    ['no module', { 'main.ts': "import { a } from './a.ts';" }],
    ['cannot be bundled: export default', { 'main.ts': 'export default 1;' }],
    ['cannot be bundled: import x', { 'main.ts': "import x from './a.ts';" }],
    ['the same name', { 'main.ts': '', 'a/x.ts': '', 'b/x.ts': '' }],
  ])('is refused if modules have %s', async (reason, modules) => {
    await expect(bundle(modules)).rejects.toThrow(reason);
  });
});
