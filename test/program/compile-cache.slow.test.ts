import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import { Program, root, until } from '../support/program.ts';

/** The compile-cache folders of a process and of its child. */
function cacheFolders(env: Readonly<Record<string, string>>): string[] {
  const print = `console.log(String((await import('node:module')).getCompileCacheDir()))`;
  const program = `
    const { enableServiceCompileCache } = await import('${root}src/process/compile-cache.ts');
    enableServiceCompileCache();
    ${print};
    const { spawnSync } = await import('node:child_process');
    spawnSync(process.execPath, ['--input-type=module', '--eval', \`${print}\`], { stdio: 'inherit' });`;
  const args = ['--input-type=module', '--eval', program];
  const options = { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' } as const;
  return execFileSync(process.execPath, args, options).trim().split('\n');
}

test('the compile cache of a process and its children is in node_modules', () => {
  const [own = '', child] = cacheFolders({});
  expect(own).toContain(`${root}node_modules/.cache/compiled`);
  expect(child).toBe(own);
});

test('NODE_COMPILE_CACHE moves the compile cache, and workers fill it while they run', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'compiled-'));
  try {
    const [own = '', child] = cacheFolders({ NODE_COMPILE_CACHE: folder });
    expect(own).toContain(folder);
    expect(child).toBe(own);
    const countFiles = () => readdirSync(own).length;
    const before = countFiles();
    await using program = await Program.start({ WORKERS: '1', NODE_COMPILE_CACHE: folder });
    await until("the worker's modules", () => (countFiles() > before + 100 ? true : undefined), 10_000);
    expect(program.lines).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an unwritable compile cache does not stop the service', async () => {
  await using program = await Program.start({ WORKERS: '0', NODE_COMPILE_CACHE: join(root, 'package.json') });
  expect((await program.get('/livez')).status).toBe(200);
  expect((await program.stop()).code).toBe(0);
  expect(program.errors).toBe('');
});
