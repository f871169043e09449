import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { isAlive, until } from '../../../support/program.ts';

const program = fileURLToPath(new URL('./parent-program.ts', import.meta.url));

test('child groups end with the process that started them, even if it is killed', async () => {
  const { stdout, signal } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  const pids = stdout.trim().split(' ').map(Number);
  expect(pids).toHaveLength(2);
  await until('their end', () => (pids.some(isAlive) ? undefined : true));
});
