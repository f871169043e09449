/** A thread that parses JSON and sends back what the request needs, or all of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { summarize, type JsonSummary, type Row } from './json-text.ts';

export interface JsonOptions {
  readonly text: Uint8Array<ArrayBuffer>;
  /** Sends the whole value, which is cloned. */
  readonly sendAll: boolean;
}

export type JsonReply = JsonSummary | readonly Row[];

const { text, sendAll } = workerData as JsonOptions;
const rows = JSON.parse(Buffer.from(text.buffer).toString()) as Row[];
parentPort?.postMessage((sendAll ? rows : summarize(rows)) satisfies JsonReply);
