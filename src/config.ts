/** The environment of this process, and the only file that knows it; what it means is said in `config/`. */
import cluster from 'node:cluster';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { parseEnv } from 'node:util';
import { ConfigError, type Environment } from './config/read.ts';
import type { Config } from './config/variables.ts';

/**
 * The variables that are set: those of the process, over those of a `.env` file in the working directory. A worker does
 * not read the file: its primary gives it what it has accepted of it.
 *
 * The file is read anew each time and never copied into `process.env`: a worker forked later would inherit the
 * old values, and a reload could not bring in new ones.
 *
 * @throws {ConfigError} where the file cannot be read
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

// not in a copy, down to the next empty line
/** The environment itself, for who shows what it is; whoever wants a value of it declares a variable. */
export function rawEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/**
 * Sizes libuv's pool in this very process. libuv reads its size from the environment when the pool is first used: a
 * forked worker is given it, but a single process has to set it itself, before anything has used the pool.
 */
export function sizeThreadPool({ THREAD_POOL_SIZE }: Pick<Config, 'THREAD_POOL_SIZE'>): void {
  process.env['UV_THREADPOOL_SIZE'] = String(THREAD_POOL_SIZE);
}
