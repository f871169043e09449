/** A thread that has loaded nothing: tells which names are global there. */
import { parentPort } from 'node:worker_threads';

parentPort?.postMessage(Object.getOwnPropertyNames(globalThis));
