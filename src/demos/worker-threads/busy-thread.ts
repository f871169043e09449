/** A thread that never yields: only `terminate()` can end it. */
import { parentPort } from 'node:worker_threads';

parentPort?.postMessage('busy');
// eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- that is the point
while (true);
