/** Changes what it was given, and reports that. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SharedWithThread } from './memory-myths.ts';

const { plain, shared } = workerData as SharedWithThread;
plain.value = 1;
new Int32Array(shared)[0] = 1;
parentPort?.postMessage('changed');
