import { mkdir, mkdtemp, open, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MadeOnce } from '../../process/made-once.ts';

/** A folder of this process's own for files that live as long as a request. */
export class Scratch {
  readonly #folder: MadeOnce<string>;
  #files = 0;

  constructor(parent = tmpdir()) {
    this.#folder = new MadeOnce(() => mkdtemp(join(parent, 'exemplar-')));
  }

  /** Lends a path to some work, and removes what is there when the work has ended. */
  async lend<T>(work: (path: string) => Promise<T>): Promise<T> {
    // Counted before the wait: others come in meanwhile, and each needs a name of its own.
    const name = String((this.#files += 1));
    const folder = await this.#folder.get();
    await mkdir(folder, { recursive: true, mode: 0o700 }); // whoever cleans up what is old may have been there
    const path = join(folder, name);
    try {
      return await work(path);
    } finally {
      await unlink(path).catch(() => undefined); // the work may not have made it
    }
  }

  /** Lends a file of so many bytes. It is sparse: it takes no room, and reads as zeros. */
  lendFile<T>(bytes: number, work: (path: string) => Promise<T>): Promise<T> {
    return this.lend(async (path) => {
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
    const folder = await this.#folder.made?.catch(() => undefined); // whoever asked for it knows that it failed
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
