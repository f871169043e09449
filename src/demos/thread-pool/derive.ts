import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/**
 * Asks the pool for so many keys at once: tasks of pure CPU time, all of one length.
 *
 * @param onKey called whenever one is there
 */
export async function deriveMany(
  tasks: number,
  iterations: number,
  onKey: () => void = () => undefined,
): Promise<void> {
  await Promise.all(
    Array.from({ length: tasks }, () => derive('password', 'salt', iterations, 64, 'sha512').then(onKey)),
  );
}
