/** `npm test`: every check, with a line each and the output of those that failed. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (path: string) => `${root}node_modules/${path}`;

interface Check {
  readonly name: string;
  readonly args: readonly string[];
  /** Takes long and shows its own progress. */
  readonly live?: true;
}

/** These only read, and do so side by side. */
const readers: readonly Check[] = [
  { name: 'format', args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', args: [bin('eslint/bin/eslint.js'), '.'] },
  { name: 'types', args: [bin('typescript/bin/tsc')] },
  // The page runs in browsers: other types are there than in Node.js. // not in a copy
  { name: 'page', args: [bin('typescript/bin/tsc'), '-p', 'src/web/client'] }, // not in a copy
];
const tests: Check = {
  name: 'tests',
  args: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', bin('jest/bin/jest.js')],
  live: true,
};

/** @returns whether it passed */
async function run({ name, args, live }: Check): Promise<boolean> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: live === true ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (code !== 0) process.stdout.write(`${output}\n`);
  process.stdout.write(`${code === 0 ? 'passed' : 'FAILED'}  ${name.padEnd(8)} ${seconds} s\n`);
  return code === 0;
}

const results = [...(await Promise.all(readers.map(run))), await run(tests)];
const failed = [...readers, tests]
  .filter((_check, index) => results[index] === false)
  .map(({ name }) => name);
process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
