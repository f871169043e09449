import { execFile } from 'node:child_process';
import process from 'node:process';

export interface Ran {
  readonly ok: boolean;
  readonly output: string;
}

/** The environment without what points git at another repository, as it does inside a hook. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GIT_/.test(name)));

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], cwd?: string): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env: environment, maxBuffer: 64_000_000 };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: error === null ? stdout : `${stdout}${stderr}` });
    });
  });
}

/** @throws {Error} with what the program printed, where it failed */
export async function mustRun(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { ok, output } = await run(program, args, cwd);
  if (ok) return output;
  throw new Error(`${program} ${args.join(' ')} failed:\n${output}`);
}
