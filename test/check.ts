/** `npm test`: every check, with a line each and the output of those that failed. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (path: string) => `${root}node_modules/${path}`;

interface Check {
  /** A process of several sends the names of those that failed. */
  readonly names: readonly string[];
  readonly args: readonly string[];
  /** Takes long and shows its own progress. */
  readonly live?: true;
}

/** These only read, and do so side by side. */
const readers: readonly Check[] = [
  { names: ['format'], args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  { names: ['types', 'lint'], args: [`${root}test/check-code.ts`] },
];
const tests: Check = {
  names: ['tests'],
  args: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', bin('jest/bin/jest.js')],
  live: true,
};

/** @returns the names of those that failed */
async function run({ names, args, live }: Check): Promise<readonly string[]> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: live === true ? 'inherit' : ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  let told: readonly string[] = [];
  child.once('message', (message) => (told = message as readonly string[]));
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (code !== 0) process.stdout.write(`${output}\n`);
  // Who ends badly without having told has failed in all.
  const failed = code === 0 ? [] : told.length > 0 ? told : names;
  for (const name of names) {
    process.stdout.write(`${failed.includes(name) ? 'FAILED' : 'passed'}  ${name.padEnd(8)} ${seconds} s\n`);
  }
  return failed;
}

const failed = [...(await Promise.all(readers.map(run))), await run(tests)].flat();
process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
