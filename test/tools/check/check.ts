/** `npm test`: runs every check and prints a line for each, with the output of those that failed. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const bin = (path: string) => `${root}node_modules/${path}`;

interface Check {
  /** A process with several checks reports over IPC which of them failed. */
  readonly names: readonly string[];
  readonly args: readonly string[];
  /** Shows its own progress. */
  readonly live?: true;
}

/** These only read files, so they run in parallel. */
const readers: readonly Check[] = [
  { names: ['format'], args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  { names: ['types', 'lint'], args: [`${root}test/tools/check/check-code.ts`] },
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
  let reported: readonly string[] = [];
  child.once('message', (message) => (reported = message as readonly string[]));
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (code !== 0) process.stdout.write(`${output}\n`);
  // A process that fails without a report has failed all its checks.
  const failed = code === 0 ? [] : reported.length > 0 ? reported : names;
  for (const name of names) {
    process.stdout.write(`${failed.includes(name) ? 'FAILED' : 'passed'}  ${name.padEnd(8)} ${seconds} s\n`);
  }
  return failed;
}

const failed = [...(await Promise.all(readers.map(run))), await run(tests)].flat();
process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
