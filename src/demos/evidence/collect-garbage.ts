import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'minor' | 'major'; readonly execution: 'sync' }) => void;

let collect: Collect | undefined;

/**
 * Collects garbage now, so that what is counted afterwards is held by somebody. A minor collection looks at young
 * objects only and takes about a millisecond; a major one looks at everything.
 */
export function collectGarbage(type: 'minor' | 'major'): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect; // the flag is seen by contexts made after it was set
  }
  collect({ type, execution: 'sync' });
}
