import { execFile } from 'node:child_process';
import process from 'node:process';

export interface Ran {
  readonly ok: boolean;
  readonly output: string;
}

/** The environment without variables that point git to another repository, as they do inside a hook. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GIT_/.test(name)));

/** Runs a program until it exits or the signal is aborted. */
export function run(
  program: string,
  args: readonly string[],
  cwd?: string,
  signal?: AbortSignal,
): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env: environment, maxBuffer: 64_000_000 };
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      signal?.removeEventListener('abort', end);
      resolve({ ok: error === null, output: error === null ? stdout : `${stdout}${stderr}` });
    });
    // execFile's own `signal` option does not wait until the program has exited.
    const end = () => child.kill();
    signal?.addEventListener('abort', end);
  });
}

/** @throws {Error} with the program's output if it fails; or the reason of the signal */
export async function mustRun(
  program: string,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const { ok, output } = await run(program, args, cwd, signal);
  signal.throwIfAborted();
  if (ok) return output;
  throw new Error(`${program} ${args.join(' ')} failed:\n${output}`);
}
