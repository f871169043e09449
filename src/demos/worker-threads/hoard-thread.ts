/**
 * A thread that allocates memory in small pieces and keeps it. One huge array would end the whole process in spite of
 * the thread's limits: https://github.com/nodejs/node/issues/65019
 */
import { parentPort, workerData } from 'node:worker_threads';

export interface HoardData {
  readonly megabytes: number;
  readonly pieceBytes: number;
  /** Counts the pieces in shared memory, because a last message could be lost when the thread ends. */
  readonly held: SharedArrayBuffer;
}

const NUMBER_BYTES = 8;

const { megabytes, pieceBytes, held } = workerData as HoardData;
const counter = new Int32Array(held);
const pieces: number[][] = [];
for (let piece = 1; piece * pieceBytes <= megabytes * 1e6; piece += 1) {
  // V8 stores fractions in arrays as 8 bytes each.
  pieces.push(new Array<number>(pieceBytes / NUMBER_BYTES).fill(piece + 0.5));
  Atomics.store(counter, 0, piece);
}
parentPort?.postMessage(pieces.length);
