/** The environment of this process. Only this file reads it; `config.ts` and the declarations give it a meaning. */
import cluster from 'node:cluster';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { parseEnv } from 'node:util';
import { ConfigError, type Environment } from './config.ts';
import type { Config } from './core-variables.ts';

/**
 * The environment variables, with defaults from a `.env` file in the working directory. Workers do not read the file:
 * their primary passes on what it has accepted.
 *
 * The file is read on every call and never copied into `process.env`: a worker forked later would inherit the old
 * values, and a reload could not change them.
 *
 * @throws {ConfigError} if the file cannot be read
 */
export function readEnvironment(file = '.env'): Environment {
  return { ...(cluster.isPrimary ? readFile(file) : {}), ...process.env };
}

function readFile(file: string): Environment {
  if (!existsSync(file)) return {};
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError([
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
}

/** Set in the environment of a worker that replaces one that failed. */
export const REPLACES_FAILED = 'WORKER_REPLACES_FAILED';

export function replacesFailedWorker(): boolean {
  return process.env[REPLACES_FAILED] === 'on';
}

/** Sets variables for this process and those that it starts. They override a `.env`, now and after a reload. */
export function provideEnvironment(variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables);
}

// template: omit until blank line
/** The environment itself, for demos that show it. Anything else declares a variable. */
export function rawEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/**
 * Sizes libuv's thread pool in this process. libuv reads `UV_THREADPOOL_SIZE` when the pool is first used: forked
 * workers get it in their environment, but a single process must set it itself before anything uses the pool.
 */
export function sizeThreadPool({ THREAD_POOL_SIZE }: Pick<Config, 'THREAD_POOL_SIZE'>): void {
  process.env['UV_THREADPOOL_SIZE'] = String(THREAD_POOL_SIZE);
}
