/** Reports the global names of a thread that has loaded nothing. */
import { parentPort } from 'node:worker_threads';

parentPort?.postMessage(Object.getOwnPropertyNames(globalThis));
