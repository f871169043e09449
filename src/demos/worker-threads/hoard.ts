/**
 * A thread that takes memory and keeps it, in small pieces: one huge array would not be a failed allocation of this
 * thread but the end of the whole process, in spite of its limits (https://github.com/nodejs/node/issues/65019).
 */
import { parentPort, workerData } from 'node:worker_threads';

export interface HoardOrder {
  readonly megabytes: number;
  readonly pieceBytes: number;
  /** Where the thread notes how many pieces it holds; a message might not get out before the end. */
  readonly held: SharedArrayBuffer;
}

const NUMBER_BYTES = 8;

const { megabytes, pieceBytes, held } = workerData as HoardOrder;
const counter = new Int32Array(held);
const pieces: number[][] = [];
for (let piece = 1; piece * pieceBytes <= megabytes * 1e6; piece += 1) {
  // Fractions are kept as eight bytes each.
  pieces.push(new Array<number>(pieceBytes / NUMBER_BYTES).fill(piece + 0.5));
  Atomics.store(counter, 0, piece);
}
parentPort?.postMessage(pieces.length);
