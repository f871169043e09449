import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'minor' | 'major'; readonly execution: 'sync' }) => void;

let collect: Collect | undefined;

/**
 * Collects garbage now, so that a measurement that follows counts only reachable memory. A minor collection covers the
 * young generation and takes about a millisecond; a major one covers the whole heap.
 */
export function collectGarbage(type: 'minor' | 'major'): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect; // only contexts created after the flag was set have `gc`
  }
  collect({ type, execution: 'sync' });
  // Another thread frees the bytes of collected buffers; the next collection waits for it.
  if (type === 'major') collect({ type: 'minor', execution: 'sync' });
}
