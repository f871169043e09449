import { mkdir, mkdtemp, open, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lazy } from '../../../shared/lazy.ts';

/** A folder of this process for files that live as long as a request. */
export class Scratch {
  readonly #folder: Lazy<string>;
  #files = 0;

  constructor(parent = tmpdir()) {
    this.#folder = new Lazy(() => mkdtemp(join(parent, 'exemplar-')));
  }

  /** Runs `work` with a new path, and removes the file at that path afterwards. */
  async withPath<T>(work: (path: string) => Promise<T>): Promise<T> {
    // Counted before the first await: concurrent calls need different names.
    const name = String((this.#files += 1));
    const folder = await this.#folder.get();
    await mkdir(folder, { recursive: true, mode: 0o700 }); // a cleaner of old temporary files may have removed it
    const path = join(folder, name);
    try {
      return await work(path);
    } finally {
      await unlink(path).catch(() => undefined); // the work may not have created it
    }
  }

  /** Runs `work` with a file of this size. It is sparse: it uses no disk space and reads as zeros. */
  withFile<T>(bytes: number, work: (path: string) => Promise<T>): Promise<T> {
    return this.withPath(async (path) => {
      const file = await open(path, 'wx');
      try {
        await file.truncate(bytes);
      } finally {
        await file.close();
      }
      return work(path);
    });
  }

  async remove(): Promise<void> {
    const folder = await this.#folder.peek()?.catch(() => undefined); // the failure was reported to the caller of withPath
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
