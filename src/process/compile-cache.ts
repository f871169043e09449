import { enableCompileCache, getCompileCacheDir } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Beside what else is made of this service and its packages, and gone with them. */
export const compiledFolder = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

/**
 * Keeps what V8 makes of each module, and what is left of it without its types, for this process and all processes and
 * threads that it starts: whoever loads the same modules next starts in half the time. It works for what is loaded
 * after the call. Where nothing can be written there, nothing is kept; who set `NODE_COMPILE_CACHE` has another place.
 */
export function keepCompiled(): void {
  if (getCompileCacheDir() !== undefined) return; // Node.js has it on already, and so will whatever is started here
  process.env['NODE_COMPILE_CACHE'] = compiledFolder;
  enableCompileCache(compiledFolder);
}
