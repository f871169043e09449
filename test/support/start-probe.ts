import { afterAll } from '@jest/globals';
import { Program, root } from './program.ts';

type Environment = Readonly<Record<string, string>>;

/** Starts the service with the routes of `probe-features.ts` in place of its features, for tests that need no feature. */
export function startProbe(env: Environment = {}): Promise<Program> {
  return Program.start(env, root, `${root}test/support/probe-routes-program.ts`);
}

/** The same for all tests of a file; it is killed after the last one. */
export async function useProbe(env: Environment = {}): Promise<Program> {
  const program = await startProbe(env);
  afterAll(() => program[Symbol.asyncDispose]());
  return program;
}
