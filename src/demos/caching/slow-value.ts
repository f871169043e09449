import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/**
 * The slow computation behind the cache: it runs on libuv's pool, costs CPU time and gives the same for the same key.
 * It cannot be cut short once it has begun.
 */
export async function computeSlowly(key: string, rounds: number): Promise<string> {
  const derived = await derive(key, 'exemplar', rounds, 8, 'sha512');
  return derived.toString('hex');
}
