/** A thread that writes a mark into the first bytes of every buffer and sends it back the way it came. */
import { parentPort } from 'node:worker_threads';

export interface EchoMessage {
  readonly way: 'clone' | 'transfer' | 'shared';
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  readonly mark: number;
}

parentPort?.on('message', ({ way, buffer, mark }: EchoMessage) => {
  Atomics.store(new Int32Array(buffer), 0, mark);
  parentPort?.postMessage(
    way === 'shared' ? { way, mark } : { way, mark, buffer },
    way === 'transfer' ? [buffer as ArrayBuffer] : [],
  );
});
parentPort?.postMessage('ready');
