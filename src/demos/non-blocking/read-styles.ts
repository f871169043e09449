/** The same read in each style. */
import { readFile, readFileSync } from 'node:fs';
import { readFile as readFilePromise } from 'node:fs/promises';

export const styles = ['callback', 'promise', 'await', 'sync'] as const;
export type Style = (typeof styles)[number];

/**
 * Reads a file. Calls `done` with the content, and `returned` as the statement after the read.
 *
 * @throws the error of the read, or the signal's AbortError
 */
type Reader = (
  path: string,
  signal: AbortSignal,
  returned: () => void,
  done: (content: Buffer) => void,
) => Promise<void>;

export const readers: Readonly<Record<Style, Reader>> = {
  callback: (path, signal, returned, done) =>
    new Promise((resolve, reject) => {
      readFile(path, { signal }, (error, content) => {
        if (error !== null) {
          reject(error);
          return;
        }
        done(content);
        resolve();
      });
      returned();
    }),
  promise: (path, signal, returned, done) => {
    const finished = readFilePromise(path, { signal }).then(done);
    returned();
    return finished;
  },
  await: async (path, signal, returned, done) => {
    // Code after `await` runs only with the content: the statement that follows the read is in the caller.
    const readAndFinish = async () => done(await readFilePromise(path, { signal }));
    const finished = readAndFinish();
    returned();
    await finished;
  },
  sync: async (path, _signal, returned, done) => {
    done(readFileSync(path));
    returned();
  },
};
