/** `npm test`: every check, one after the other, with a line each and the output of those that failed. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (path: string) => `${root}node_modules/${path}`;

/** `live` checks take long and show their own progress. */
const checks = [
  { name: 'format', args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', args: [bin('eslint/bin/eslint.js'), '.'] },
  { name: 'types', args: [bin('typescript/bin/tsc')] },
  // The page runs in browsers: other types are there than in Node.js.
  { name: 'page', args: [bin('typescript/bin/tsc'), '-p', 'src/web/client'] },
  {
    name: 'tests',
    args: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', bin('jest/bin/jest.js')],
    live: true,
  },
];

const failed: string[] = [];
for (const { name, args, live = false } of checks) {
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: live ? 'inherit' : 'pipe',
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (status !== 0) {
    failed.push(name);
    if (!live) process.stdout.write(`${stdout}${stderr}\n`);
  }
  process.stdout.write(`${status === 0 ? 'passed' : 'FAILED'}  ${name.padEnd(8)} ${seconds} s\n`);
}
process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
