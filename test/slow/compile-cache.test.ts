import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import { Program, root, until } from '../support/program.ts';

/** What a process that keeps what is compiled, and a child of it, say of where. */
function placesIn(env: Readonly<Record<string, string>>): string[] {
  const say = `String((await import('node:module')).getCompileCacheDir())`;
  const program = `
    const { keepCompiled } = await import('${root}src/process/compile-cache.ts');
    keepCompiled();
    console.log(${say});
    const { spawnSync } = await import('node:child_process');
    spawnSync(process.execPath, ['--input-type=module', '--eval', \`console.log(${say})\`], { stdio: 'inherit' });`;
  const args = ['--input-type=module', '--eval', program];
  const options = { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' } as const;
  return execFileSync(process.execPath, args, options).trim().split('\n');
}

test('what is compiled is kept beside the packages, by a process and by those that it starts', () => {
  const [own = '', child] = placesIn({});
  expect(own).toContain(`${root}node_modules/.cache/compiled`);
  expect(child).toBe(own);
});

test('whoever names a place has it there, workers included, before they end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'compiled-'));
  try {
    const [own = '', child] = placesIn({ NODE_COMPILE_CACHE: folder });
    expect(own).toContain(folder);
    expect(child).toBe(own);
    const kept = () => readdirSync(own).length;
    const before = kept();
    await using program = await Program.start({ WORKERS: '1', NODE_COMPILE_CACHE: folder });
    await until('the modules of the worker', () => (kept() > before + 100 ? true : undefined), 10_000);
    expect(program.lines).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a place that cannot be written keeps nothing and stops nobody', async () => {
  await using program = await Program.start({ WORKERS: '0', NODE_COMPILE_CACHE: join(root, 'package.json') });
  expect((await program.get('/livez')).status).toBe(200);
  expect((await program.stop()).code).toBe(0);
  expect(program.errors).toBe('');
});
