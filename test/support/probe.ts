import { Program, root } from './program.ts';

/** Starts the program with routes of `probe-features.ts`: what a process does depends on no feature. */
export function startProbe(env: Readonly<Record<string, string>> = {}): Promise<Program> {
  return Program.start(env, root, `${root}test/support/probe-program.ts`);
}
