import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** Derives keys on the pool, all at once: tasks of equal length that only use CPU time. */
export async function deriveKeys(
  keys: number,
  iterations: number,
  onKey: () => void = () => undefined,
): Promise<void> {
  await Promise.all(
    Array.from({ length: keys }, () => derive('password', 'salt', iterations, 64, 'sha512').then(onKey)),
  );
}
