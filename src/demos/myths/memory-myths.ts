/** Sentences about memory and data. */
import { performance } from 'node:perf_hooks';
import { Writable } from 'node:stream';
import { bytes, ms } from '../kit/answer/units.ts';
import { judgeDelay } from '../kit/measure/delay.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import { refutedIf, type Myth } from './myth.ts';

const sharingProgram = new URL('./sharing-thread.ts', import.meta.url);

const JSON_ROWS = 40_000;
const CHUNK = Buffer.alloc(65_536);
const CHUNKS = 100;

export interface SharedWithThread {
  readonly plain: { value: number };
  readonly shared: SharedArrayBuffer;
}

export const memoryMyths: readonly Myth[] = [
  {
    sentence: 'Threads share memory',
    demo: 'worker-threads/messages?way=clone',
    test: ({ resources, signal }) =>
      resources.budgets.threads.use(1, signal, async () => {
        const data: SharedWithThread = { plain: { value: 0 }, shared: new SharedArrayBuffer(4) };
        await resources.threads.run(sharingProgram, { data, signal }, nextMessage);
        const [shared] = new Int32Array(data.shared);
        return refutedIf(
          data.plain.value === 0,
          `After a thread set both to 1, an object had ${data.plain.value} here, and a SharedArrayBuffer ${shared}.`,
        );
      }),
  },
  {
    sentence: 'JSON is cheap',
    demo: 'event-loop/json?way=parse',
    test() {
      const rows = Array.from({ length: JSON_ROWS }, (_, id) => ({
        id,
        name: `name ${id}`,
        tags: ['a', 'b'],
      }));
      const startedAt = performance.now();
      const text = JSON.stringify(rows);
      const writtenAt = performance.now();
      JSON.parse(text);
      const [writeMs, parseMs] = [writtenAt - startedAt, performance.now() - writtenAt];
      return refutedIf(
        judgeDelay(writeMs + parseMs) !== 'good',
        `${bytes(text.length)} took ${ms(writeMs)} to write and ${ms(parseMs)} to parse, on the event loop.`,
      );
    },
  },
  {
    sentence: 'A stream takes little memory',
    demo: 'streams/backpressure?respect=false',
    test() {
      const slow = new Writable({ highWaterMark: CHUNK.length, write: () => undefined });
      for (let chunk = 0; chunk < CHUNKS; chunk += 1) slow.write(CHUNK);
      const queuedBytes = slow.writableLength;
      slow.destroy();
      return refutedIf(
        queuedBytes > 2 * CHUNK.length,
        `Without a wait for drain, ${bytes(queuedBytes)} queued at a high-water mark of ${bytes(CHUNK.length)}.`,
      );
    },
  },
];
