/** A thread that runs one statement of an SQLite database in its memory. */
import { parentPort, workerData } from 'node:worker_threads';
import { runSqlite } from './sqlite-statement.ts';

parentPort?.postMessage(runSqlite((workerData as { readonly rows: number }).rows));
