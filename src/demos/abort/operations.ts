/** What a request starts: four operations, each of which takes `WORK_MS` unless its signal aborts. */
import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendRequest } from '../kit/measure/loopback.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import { withChild } from '../kit/resources/with-child.ts';

export const WORK_MS = 600;

const FILE_CHUNKS = 20;
const CHUNK_BYTES = 64 * 1024;

const program = new URL('./wait-child.ts', import.meta.url);

export interface Surroundings {
  /** The URL of a server that responds after `WORK_MS`. */
  readonly upstream: string;
  readonly resources: DemoResources;
  /** Aborts when the demo itself is canceled. */
  readonly cleanUp: AbortSignal;
}

/** Resolves when the operation has ended, by itself or not, and no longer uses anything. */
export type Operation = (signal: AbortSignal, surroundings: Surroundings) => Promise<void>;

export const operations: Readonly<Record<string, Operation>> = {
  async 'HTTP call'(signal, { upstream }) {
    const response = await sendRequest(upstream, { signal }).catch(() => undefined);
    if (response === undefined) return;
    await closed(response.resume());
  },
  async 'file stream'(signal, { resources }) {
    await resources.scratch.withFile(FILE_CHUNKS * CHUNK_BYTES, async (path) => {
      const source = createReadStream(path, { highWaterMark: CHUNK_BYTES });
      const sourceClosed = closed(source);
      const slow = new Writable({
        highWaterMark: 1,
        write: (_chunk, _encoding, done) => void setTimeout(done, WORK_MS / FILE_CHUNKS),
      });
      await pipeline(source, slow, { signal }).catch(() => undefined);
      await sourceClosed;
    });
  },
  async timer(signal) {
    await sleep(WORK_MS, undefined, { signal }).catch(() => undefined);
  },
  async 'child process'(signal, { resources, cleanUp }) {
    await resources.budgets.children.use(1, cleanUp, () =>
      withChild(resources.children.startNode(program, { args: [String(WORK_MS)], signal }), async (child) => {
        await child.exited;
      }),
    );
  },
};

/** Resolves when a stream has released what it uses, also after an error, which its abort is. */
function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    stream.on('error', () => undefined).once('close', resolve);
  });
}

/** Responds after `WORK_MS`, or never if its client disconnects before. */
export function respondLate(res: ServerResponse): void {
  const timer = setTimeout(() => res.end('late'), WORK_MS);
  res.on('close', () => clearTimeout(timer));
}
